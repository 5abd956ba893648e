use crate::reputation::zoo::Observatory;
use heliograph_client::instruction::reputation::close_tally;
use heliograph_client::pda;
use heliograph_protocol::reputation::{Phase, RETAINED_EPOCHS};
use heliograph_reputation::error::ReputationError;
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel};
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

fn instruction(panel: &mut Panel) -> Instruction {
    close_tally(panel.node.address, panel.epoch, panel.crank().pubkey())
}

#[test]
fn tally_that_still_grows_rejects() {
    let mut panel = Panel::new(3);
    let reports = panel.post_all(&[GOOD; 3]);
    panel.show_all(&reports[..1]);
    let close = instruction(&mut panel);
    panel.refuse(from_ref(&close), &[], ReputationError::NotScoring);
    panel.pass(EPOCH_SECS as i64 - 1);
    panel.refuse(from_ref(&close), &[], ReputationError::NotScoring);
    panel.pass(1);
    panel.run(&[close], &[]);
}

/// Else a node could have a bad epoch forgotten before anyone scores it.
#[test]
pub fn tally_that_can_be_scored_rejects() {
    let mut panel = Panel::new(3);
    let reports = panel.post_all(&[GOOD; 3]);
    panel.show_all(&reports);
    let close = instruction(&mut panel);
    for secs in [0, EPOCH_SECS as i64 * i64::from(RETAINED_EPOCHS) - 1] {
        panel.enter_phase(Phase::Scoring);
        panel.pass(secs);
        panel.refuse(from_ref(&close), &[], ReputationError::TallyUnscored);
    }
    let (node, epoch) = (panel.node.address, panel.epoch);
    panel.score(&node, epoch);
    panel.run(&[close], &[]);
}

#[test]
pub fn rent_for_a_stranger_rejects() {
    let mut panel = Panel::new(3);
    panel.run_epoch(&[GOOD; 3]);
    let mut close = instruction(&mut panel);
    close.accounts[0].pubkey = panel.wallet("stranger").pubkey();
    panel.refuse(&[close], &[], ReputationError::OtherRentPayer);
}

#[test]
fn closed_tally_is_not_scored_again() {
    use anchor_lang::error::ErrorCode;
    use heliograph_tests::reason::in_reputation;
    let mut panel = Panel::new(3);
    panel.run_epoch(&[GOOD; 3]);
    let close = instruction(&mut panel);
    let why = in_reputation(ErrorCode::AccountNotInitialized);
    panel.refuse(&[close.clone(), close.clone()], &[], why.clone());
    panel.run(&[close], &[]);
    let crank = panel.crank();
    let score = panel.score_instruction(&crank.pubkey(), &panel.node.address, panel.epoch);
    panel.refuse(&[score], &[&crank], why);
}

#[test]
fn epoch_of_another_time_rejects() {
    let all = Observatory::shown();
    let (mut zoo, node) = (all.zoo, all.other_epoch);
    let crank = zoo.crank().pubkey();
    let mut close = close_tally(zoo.node.address, all.epoch, crank);
    close.accounts[1].pubkey = pda::epoch(node);
    zoo.refuse(&[close], &[], ReputationError::OtherTally);
}

#[test]
fn every_substitute_rejects() {
    let mut all = Observatory::shown();
    let node = all.zoo.node.address;
    all.zoo.score(&node, all.epoch);
    let close = close_tally(node, all.epoch, all.zoo.crank().pubkey());
    let names = ["rent_payer", "epoch", "tally", "event_authority", "program"];
    all.sweep(close, &[], &names, &[]);
}
