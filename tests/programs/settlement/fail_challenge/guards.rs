use heliograph_settlement::error::SettlementError;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Zoo};
use solana_pubkey::Pubkey;
use std::rc::Rc;
use std::slice::from_ref;

/// A zoo with a challenge of a leaf that nobody can answer for.
fn challenged() -> (Zoo, Rc<KeeperParty>, Pubkey) {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.forged_leaf(&zoo.session, USDC);
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    (zoo, settler, challenge)
}

#[test]
pub fn time_left_to_answer_rejects() {
    let (mut zoo, _, challenge) = challenged();
    let fail = zoo.fail_instruction(&challenge);
    for secs in [0, PARAMS.challenge_response_secs] {
        zoo.pass(secs);
        zoo.refuse(from_ref(&fail), &[], SettlementError::ResponseTimeLeft);
    }
    zoo.pass(1);
    zoo.run(&[fail], &[]);
}

#[test]
fn second_time_rejects() {
    let (mut zoo, _, challenge) = challenged();
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(from_ref(&fail), &[]);
    zoo.refuse(&[fail], &[], SettlementError::ChallengeHasFailed);
}

#[test]
fn book_of_another_settler_rejects() {
    let (mut zoo, _, challenge) = challenged();
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let mut fail = zoo.fail_instruction(&challenge);
    fail.accounts[0].pubkey = zoo.other_settler.book();
    zoo.refuse(&[fail], &[], SettlementError::OtherBook);
}

#[test]
fn bond_for_somebody_else_rejects() {
    let (mut zoo, settler, challenge) = challenged();
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    for (place, address, why) in [
        (2, settler.address, SettlementError::OtherRentPayer),
        (4, settler.payout, SettlementError::OtherPayee),
    ] {
        let mut fail = fail.clone();
        fail.accounts[place].pubkey = address;
        zoo.refuse(&[fail], &[], why);
    }
}

#[test]
fn every_substitute_rejects() {
    let (mut zoo, _, challenge) = challenged();
    zoo.pass(PARAMS.challenge_response_secs + 1);
    zoo.more.push(("challenge".into(), challenge));
    zoo.more.push(("bond".into(), heliograph_client::pda::challenge_bond(&challenge)));
    let fail = zoo.fail_instruction(&challenge);
    let names = [
        "book",
        "challenge",
        "challenger",
        "bond",
        "refund",
        "token_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[fail], &[], &names, &[]);
}
