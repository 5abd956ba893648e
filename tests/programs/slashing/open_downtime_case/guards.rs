use crate::slashing::opening_names;
use crate::slashing::trials::watched;
use heliograph_client::instruction::slashing::open_downtime_case;
use heliograph_slashing::error::SlashingError;
use heliograph_tests::Zoo;
use heliograph_tests::observers::Panel;
use heliograph_tests::world::PARAMS;
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::slice::from_ref;

fn refused(panel: &mut Panel, reporter: &Keypair) {
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    panel.refuse(&[open], &[reporter], SlashingError::TooFewBadEpochs);
}

#[test]
pub fn too_few_bad_epochs_reject() {
    let (mut panel, _) = watched(&[false, true, true, true, false, false]);
    let reporter = panel.wallet("reporter");
    // Three bad ones in all, two of the last five.
    refused(&mut panel, &reporter);
}

#[test]
fn epochs_longer_ago_than_stake_takes_to_leave_reject() {
    let (mut panel, starts) = watched(&[false, false, false]);
    let reporter = panel.wallet("reporter");
    panel.set_now(starts[0] as i64 + i64::from(PARAMS.unbonding_secs));
    refused(&mut panel, &reporter);
    panel.pass(-1);
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    panel.run(&[open], &[&reporter]);
}

/// What was judged is not judged again, nor what observers see of a node in jail.
#[test]
fn epochs_of_before_a_verdict_and_in_jail_reject() {
    let (mut panel, _) = watched(&[false, false, false]);
    let reporter = panel.wallet("reporter");
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    let case = open.accounts[5].pubkey;
    panel.run(&[open], &[&reporter]);
    panel.pass(PARAMS.case_window_secs);
    panel.decide(&case);
    refused(&mut panel, &reporter);
    let first = panel.now() as u64 / 3_600 * 3_600 + 3_600;
    panel.epoch = first;
    for _ in 0..3 {
        panel.run_epoch(&[crate::slashing::trials::DOWN; 4]);
        panel.move_on();
    }
    refused(&mut panel, &reporter);
}

#[test]
fn keeper_and_score_of_another_node_reject() {
    let (mut panel, _) = watched(&[false, false, false]);
    let reporter = panel.wallet("reporter");
    let other = panel.node("other");
    let mut open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &other.address));
    open.accounts[10].pubkey = heliograph_client::pda::score(&panel.node.address);
    panel.refuse(from_ref(&open), &[&reporter], SlashingError::OtherSubject);
    let observer = panel.observers[0].address;
    let accusation = panel.accusation(&reporter.pubkey(), &observer);
    let mut open = open_downtime_case(&accusation);
    open.accounts[10].pubkey = heliograph_client::pda::score(&panel.node.address);
    panel.refuse(&[open], &[&reporter], SlashingError::OtherSubject);
}

#[test]
fn second_case_while_one_is_open_rejects() {
    let (mut panel, _) = watched(&[false, false, false]);
    let reporter = panel.wallet("reporter");
    for why in [None, Some(SlashingError::CaseUnderWay)] {
        let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
        match why {
            None => drop(panel.run(&[open], &[&reporter])),
            Some(why) => panel.refuse(&[open], &[&reporter], why),
        }
    }
}

#[test]
fn every_substitute_rejects() {
    let (mut panel, _) = watched(&[false, false, false]);
    let reporter = panel.wallet("stranger");
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    let names = opening_names(&["score"]);
    let node_score = heliograph_client::pda::score(&panel.node.address);
    let mut animals: Vec<_> = Zoo::new().animals();
    animals.extend([
        ("score".to_owned(), node_score),
        ("observer 0".to_owned(), panel.observers[0].address),
        ("observer 0's position".to_owned(), panel.observers[0].position()),
        ("epoch".to_owned(), panel.epoch_account()),
        ("standing".to_owned(), panel.standing(0)),
    ]);
    heliograph_tests::sweep::Sweep {
        instructions: &[open],
        target: 0,
        signers: &[&reporter],
        names: &names,
        zoo: &animals,
        strangers: &[&panel.observers[0].owner],
        meant: &[("reporter", "stranger 0")],
        cut: None,
    }
    .run(&panel);
}
