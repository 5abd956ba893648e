use crate::reputation::zoo::Observatory;
use heliograph_client::instruction::reputation::close_observation;
use heliograph_client::pda;
use heliograph_protocol::reputation::{Phase, RETAINED_EPOCHS};
use heliograph_reputation::error::ReputationError;
use heliograph_tests::Zoo;
use heliograph_tests::observers::EPOCH_SECS;
use solana_instruction::Instruction;
use solana_signer::Signer;
use std::slice::from_ref;

/// Seconds of an epoch's scoring for which its observations stay.
const KEPT_SECS: i64 = EPOCH_SECS as i64 * RETAINED_EPOCHS as i64;

fn over() -> (Observatory, Instruction) {
    let mut all = Observatory::posted();
    all.zoo.enter(all.epoch, Phase::Scoring);
    all.zoo.pass(KEPT_SECS);
    let observer = &all.observers[0];
    let close = close_observation(observer.address, all.epoch, observer.owner.pubkey());
    (all, close)
}

#[test]
pub fn observation_still_kept_rejects() {
    let (all, close) = over();
    let mut zoo: Zoo = all.zoo;
    for phase in [Phase::Posting, Phase::Submitting, Phase::Scoring] {
        zoo.enter(all.epoch, phase);
        zoo.refuse(from_ref(&close), &[], ReputationError::EpochRetained);
    }
    zoo.pass(KEPT_SECS - 1);
    zoo.refuse(from_ref(&close), &[], ReputationError::EpochRetained);
    zoo.pass(1);
    zoo.run(&[close], &[]);
}

#[test]
pub fn rent_for_a_stranger_rejects() {
    let (all, mut close) = over();
    let mut zoo = all.zoo;
    close.accounts[0].pubkey = zoo.stranger.pubkey();
    zoo.refuse(&[close], &[], ReputationError::OtherRentPayer);
}

#[test]
fn epoch_of_another_time_rejects() {
    let (all, mut close) = over();
    let mut zoo = all.zoo;
    close.accounts[1].pubkey = pda::epoch(all.other_epoch);
    zoo.refuse(&[close], &[], ReputationError::OtherObservation);
}

#[test]
fn every_substitute_rejects() {
    let (all, close) = over();
    let names = ["rent_payer", "epoch", "observation", "event_authority", "program"];
    all.sweep(close, &[], &names, &[]);
}
