use heliograph_settlement::error::SettlementError;
use heliograph_tests::Zoo;
use heliograph_tests::world::{PARAMS, USDC};
use solana_pubkey::Pubkey;
use std::slice::from_ref;

const EVIDENCE_SECS: u32 = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;

fn challenged() -> (Zoo, Pubkey) {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.forged_leaf(&zoo.session, USDC);
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    (zoo, challenge)
}

fn failed() -> (Zoo, Pubkey) {
    let (mut zoo, challenge) = challenged();
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(&[fail], &[]);
    (zoo, challenge)
}

#[test]
pub fn evidence_rejects_until_no_case_can_need_it() {
    let (mut zoo, challenge) = failed();
    let close = zoo.close_challenge_instruction(&challenge);
    for secs in [0, EVIDENCE_SECS] {
        zoo.pass(secs);
        zoo.refuse(from_ref(&close), &[], SettlementError::ChallengeInUse);
    }
    zoo.pass(1);
    zoo.run(&[close], &[]);
}

#[test]
fn open_challenge_rejects_however_old() {
    let (mut zoo, challenge) = challenged();
    zoo.pass(10 * EVIDENCE_SECS);
    let close = zoo.close_challenge_instruction(&challenge);
    zoo.refuse(&[close], &[], SettlementError::ChallengeInUse);
}

#[test]
fn rent_for_a_stranger_rejects() {
    let (mut zoo, challenge) = failed();
    zoo.pass(EVIDENCE_SECS + 1);
    let mut close = zoo.close_challenge_instruction(&challenge);
    close.accounts[1].pubkey = zoo.settler.address;
    zoo.refuse(&[close], &[], SettlementError::OtherRentPayer);
}

#[test]
fn every_substitute_rejects() {
    let (mut zoo, challenge) = failed();
    zoo.pass(EVIDENCE_SECS + 1);
    let close = zoo.close_challenge_instruction(&challenge);
    let names = ["challenge", "challenger", "event_authority", "program"];
    zoo.sweep(&[close], &[], &names, &[]);
}
