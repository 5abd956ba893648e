use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::events::LeafSubmitted;
use heliograph_reputation::state::{Epoch, Figures, Heard, Tally};
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel, UNSHOWN};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn leaves_are_heard_in_the_order_shown_whoever_shows_them() {
    let mut panel = Panel::new(3);
    let seen = [10_000, 20_000, 30_000].map(|rtt_p95_us| Figures { rtt_p95_us, ..GOOD });
    let reports = panel.post_all(&seen);
    panel.enter_phase(Phase::Submitting);
    let open = panel.read::<Epoch>(&panel.epoch_account()).accounts_open;
    let crank = panel.crank().pubkey();
    let start = panel.epoch.to_le_bytes();
    let seeds = [b"tally", panel.node.address.as_ref(), &start[..]];
    let bump = Pubkey::find_program_address(&seeds, &pda::REPUTATION).1;
    let mut heard = Vec::new();
    for n in [2, 0, 1] {
        let done = panel.show(reports[n].proved(1));
        heard.push(Heard { observer: panel.observers[n].address, figures: seen[n] });
        panel.holds(
            &panel.tally(),
            &Tally {
                version: Tally::VERSION,
                bump,
                node: panel.node.address,
                epoch: panel.epoch,
                scored: false,
                rent_payer: crank,
                heard: heard.clone(),
                reserved: [0; 32],
            },
        );
        done.emitted(&LeafSubmitted {
            tally: panel.tally(),
            node: panel.node.address,
            epoch: panel.epoch,
            observer: panel.observers[n].address,
            figures: seen[n],
            heard: heard.len() as u8,
            samples_root: UNSHOWN,
        });
    }
    // The tally is one more account of the epoch, not three.
    assert_eq!(panel.read::<Epoch>(&panel.epoch_account()).accounts_open, open + 1);
}

#[test]
fn leaf_is_good_in_the_first_and_the_last_second() {
    let mut panel = Panel::new(2);
    let reports = panel.post_all(&[GOOD; 2]);
    panel.enter_phase(Phase::Submitting);
    panel.show(reports[0].proved(1));
    panel.pass(EPOCH_SECS as i64 - 1);
    panel.show(reports[1].proved(1));
    assert_eq!(panel.read::<Tally>(&panel.tally()).heard.len(), 2);
}

/// A single leaf has an empty proof.
#[test]
fn only_leaf_of_a_root_is_its_own_proof() {
    use heliograph_tests::observers::Report;
    let mut panel = Panel::new(1);
    panel.enter_phase(Phase::Posting);
    let observer = panel.observers.remove(0);
    let report = Report::new(observer.address, panel.epoch, &[(panel.node.address, GOOD)]);
    panel.post_root(&observer, report.root());
    panel.enter_phase(Phase::Submitting);
    let proved = report.proved(0);
    assert!(proved.proof.is_empty());
    panel.show(proved);
}

/// Nothing of an epoch under way is stopped by a pause: its roots are there already.
#[test]
fn pause_does_not_keep_leaves_back() {
    let mut panel = Panel::new(3);
    let reports = panel.post_all(&[GOOD; 3]);
    panel.pause(heliograph_registry::state::pause::ALL);
    panel.show_all(&reports);
    panel.enter_phase(Phase::Scoring);
    let (node, epoch) = (panel.node.address, panel.epoch);
    panel.score(&node, epoch);
}
