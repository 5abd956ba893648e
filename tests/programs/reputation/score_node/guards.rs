use crate::reputation::zoo::Observatory;
use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::error::ReputationError;
use heliograph_tests::Reason;
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel};
use heliograph_tests::reason::in_reputation;
use solana_instruction::{AccountMeta, Instruction};
use solana_signer::Signer;

/// A panel whose leaves are shown, in the time to score.
fn ready(observers: usize) -> Panel {
    let mut panel = Panel::new(observers);
    let reports = panel.post_all(&vec![GOOD; observers]);
    panel.show_all(&reports);
    panel.enter_phase(Phase::Scoring);
    panel
}

fn instruction(panel: &mut Panel) -> Instruction {
    let crank = panel.crank().pubkey();
    panel.score_instruction(&crank, &panel.node.address, panel.epoch)
}

fn refuse(panel: &mut Panel, score: Instruction, why: impl Into<Reason>) {
    let crank = panel.crank();
    panel.refuse(&[score], &[&crank], why);
}

#[test]
pub fn scoring_while_leaves_can_be_shown_rejects() {
    let mut panel = ready(3);
    let score = instruction(&mut panel);
    for secs in [-1, -(EPOCH_SECS as i64)] {
        panel.enter_phase(Phase::Scoring);
        panel.pass(secs);
        refuse(&mut panel, score.clone(), ReputationError::NotScoring);
    }
    panel.enter_phase(Phase::Scoring);
    let crank = panel.crank();
    panel.act(score, &crank);
}

#[test]
pub fn quorum_missed_rejects() {
    // Fewer than the network's quorum of three.
    let mut panel = ready(2);
    let score = instruction(&mut panel);
    refuse(&mut panel, score, ReputationError::QuorumMissed);
    // Three of five: enough for the network, but not two thirds of the roots.
    let mut panel = Panel::new(5);
    let reports = panel.post_all(&[GOOD; 5]);
    panel.show_all(&reports[..3]);
    panel.enter_phase(Phase::Scoring);
    let score = instruction(&mut panel);
    refuse(&mut panel, score, ReputationError::QuorumMissed);
}

#[test]
fn quorum_just_met_scores() {
    let mut panel = Panel::new(5);
    let reports = panel.post_all(&[GOOD; 5]);
    panel.show_all(&reports[..4]);
    panel.enter_phase(Phase::Scoring);
    let score = instruction(&mut panel);
    let crank = panel.crank();
    panel.act(score, &crank);
}

#[test]
pub fn second_scoring_rejects() {
    let mut panel = ready(3);
    let score = instruction(&mut panel);
    let crank = panel.crank();
    let twice = [score.clone(), score.clone()];
    panel.refuse(&twice, &[&crank], ReputationError::ScoredTwice);
    panel.act(score.clone(), &crank);
    refuse(&mut panel, score, ReputationError::ScoredTwice);
}

#[test]
pub fn tally_of_another_epoch_rejects() {
    let mut all = Observatory::shown();
    let crank = all.zoo.crank();
    let node = all.zoo.node.address;
    let mut score = all.zoo.score_instruction(&crank.pubkey(), &node, all.epoch);
    score.accounts[2].pubkey = pda::tally(&node, all.other_epoch);
    all.zoo.refuse(&[score], &[&crank], ReputationError::OtherTally);
}

#[test]
pub fn standings_other_than_the_seated_reject() {
    let why = ReputationError::OtherStanding;
    let mut panel = ready(3);
    let score = instruction(&mut panel);
    let standings = score.accounts.len() - 3;
    // One too few, one too many, another order.
    let mut fewer = score.clone();
    fewer.accounts.pop();
    refuse(&mut panel, fewer, why);
    let mut more = score.clone();
    more.accounts.push(AccountMeta::new(panel.standing(0), false));
    refuse(&mut panel, more, why);
    let mut swapped = score.clone();
    swapped.accounts.swap(standings, standings + 1);
    refuse(&mut panel, swapped, why);
    let mut doubled = score.clone();
    doubled.accounts[standings + 2] = doubled.accounts[standings].clone();
    refuse(&mut panel, doubled, why);
    // Something else altogether.
    let mut other = score;
    other.accounts[standings] = AccountMeta::new(panel.tally(), false);
    refuse(&mut panel, other, in_reputation(ErrorCode::AccountDiscriminatorMismatch));
}

#[test]
fn every_substitute_but_another_payer_rejects() {
    let mut all = Observatory::shown();
    let crank = all.zoo.crank();
    let score = all.zoo.score_instruction(&crank.pubkey(), &all.zoo.node.address, all.epoch);
    let names = [
        "payer",
        "epoch",
        "tally",
        "score",
        "system program",
        "event_authority",
        "program",
        "standing 0",
        "standing 1",
        "standing 2",
    ];
    let cut = Some(ReputationError::OtherStanding.into());
    all.sweep_cut(score, &[&crank], &names, &[("payer", "stranger 0")], cut);
}
