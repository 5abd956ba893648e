use crate::reputation::zoo::Observatory;
use heliograph_client::instruction::reputation::{close_epoch, close_observation, close_tally};
use heliograph_protocol::reputation::{Phase, RETAINED_EPOCHS};
use heliograph_reputation::error::ReputationError;
use heliograph_tests::observers::EPOCH_SECS;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

const KEPT_SECS: i64 = EPOCH_SECS as i64 * RETAINED_EPOCHS as i64;

/// An epoch of which only the observations are left, long over; and what closes it.
fn over() -> (Observatory, Instruction) {
    let mut all = Observatory::posted();
    all.zoo.enter(all.epoch, Phase::Scoring);
    all.zoo.pass(KEPT_SECS);
    let close = close_epoch(all.epoch, all.observers[0].owner.pubkey());
    (all, close)
}

fn close_observations(all: &mut Observatory) {
    for observer in &all.observers {
        let close = close_observation(observer.address, all.epoch, observer.owner.pubkey());
        all.zoo.run(&[close], &[]);
    }
}

#[test]
pub fn epoch_with_observations_or_tallies_rejects() {
    let (mut all, close) = over();
    all.zoo.refuse(from_ref(&close), &[], ReputationError::EpochInUse);
    close_observations(&mut all);
    all.zoo.run(&[close], &[]);

    let mut all = Observatory::shown();
    all.zoo.pass(KEPT_SECS);
    close_observations(&mut all);
    let close = close_epoch(all.epoch, all.observers[0].owner.pubkey());
    let crank = all.zoo.crank().pubkey();
    for node in [all.zoo.node.address, all.zoo.other_node.address] {
        all.zoo.refuse(from_ref(&close), &[], ReputationError::EpochInUse);
        all.zoo.run(&[close_tally(node, all.epoch, crank)], &[]);
    }
    all.zoo.run(&[close], &[]);
}

/// An epoch nobody is left in, for its observations alone keep the time: they go no earlier.
#[test]
fn epoch_still_kept_rejects() {
    let (mut all, close) = over();
    close_observations(&mut all);
    for secs in [1, 1_000] {
        all.zoo.enter(all.epoch, Phase::Scoring);
        all.zoo.pass(KEPT_SECS - secs);
        all.zoo.refuse(from_ref(&close), &[], ReputationError::EpochRetained);
    }
    all.zoo.pass(1_000);
    all.zoo.run(&[close], &[]);
}

#[test]
pub fn rent_for_a_stranger_rejects() {
    let (mut all, mut close) = over();
    close_observations(&mut all);
    close.accounts[0].pubkey = all.zoo.stranger.pubkey();
    all.zoo.refuse(&[close], &[], ReputationError::OtherRentPayer);
}

#[test]
fn every_substitute_rejects() {
    let (mut all, close) = over();
    close_observations(&mut all);
    all.sweep(close, &[], &["rent_payer", "epoch", "event_authority", "program"], &[]);
}
