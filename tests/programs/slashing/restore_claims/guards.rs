use crate::slashing::trials::{Robbery, equivocation};
use heliograph_client::instruction::slashing::restore_claims;
use heliograph_client::pda;
use heliograph_settlement::state::Session;
use heliograph_slashing::error::SlashingError;
use heliograph_slashing::state::Case;
use heliograph_tests::world::PARAMS;
use std::slice::from_ref;

#[test]
pub fn time_for_vouchers_rejects() {
    let mut robbery = Robbery::new();
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    let restore = zoo.restore_claims_instruction(&case, &zoo.session);
    for secs in [0, PARAMS.case_window_secs] {
        zoo.pass(secs);
        zoo.refuse(from_ref(&restore), &[], SlashingError::VouchersAwaited);
    }
    zoo.pass(1);
    zoo.run(&[restore], &[]);
}

#[test]
pub fn nothing_on_record_rejects() {
    let mut robbery = Robbery::new();
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    zoo.pass(PARAMS.case_window_secs + 1);
    let elsewhere = zoo.restore_claims_instruction(&case, &zoo.second_session);
    zoo.refuse(&[elsewhere], &[], SlashingError::NothingToRestore);
    let restore = zoo.restore_claims_instruction(&case, &zoo.session);
    zoo.run(from_ref(&restore), &[]);
    zoo.refuse(&[restore], &[], SlashingError::NothingToRestore);
}

/// Of what another settler has claimed this one's bond pays nothing.
#[test]
fn another_settlers_claims_reject() {
    let mut robbery = Robbery::new();
    let zoo = &mut robbery.zoo;
    let other = zoo.other_settler.clone();
    let leaf = zoo.forged_leaf(&zoo.second_session, 1_000);
    let batch = zoo.post_leaves(&other, vec![leaf]);
    zoo.pass(PARAMS.challenge_window_secs + 1);
    zoo.claim(&other, &batch, 0..1);
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    zoo.pass(PARAMS.case_window_secs + 1);
    let restore = zoo.restore_claims_instruction(&case, &zoo.second_session);
    zoo.refuse(&[restore], &[], SlashingError::NothingToRestore);
}

#[test]
fn decided_case_rejects() {
    let mut robbery = Robbery::new();
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    zoo.pass(2 * PARAMS.case_window_secs);
    zoo.decide(&case);
    let restore = zoo.restore_claims_instruction(&case, &zoo.session);
    zoo.refuse(&[restore], &[], SlashingError::CaseDecided);
}

#[test]
fn case_of_another_kind_rejects() {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    let state: Case = zoo.read(&case);
    let robbed: Session = zoo.read(&session.address);
    let restore = restore_claims((case, &state), (session.address, &robbed));
    zoo.refuse(&[restore], &[], SlashingError::OtherKind);
}

/// Accounts of the instruction, in order.
const NAMES: [&str; 22] = [
    "network",
    "case",
    "subject",
    "position",
    "stake_vault",
    "restorer",
    "mint",
    "pot",
    "token_program",
    "session",
    "escrow",
    "escrow_vault",
    "slasher",
    "staking_event_authority",
    "staking_program",
    "stake_recorder",
    "registry_event_authority",
    "registry_program",
    "settlement_event_authority",
    "settlement_program",
    "event_authority",
    "program",
];

#[test]
fn every_substitute_rejects() {
    let mut robbery = Robbery::new();
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    zoo.pass(PARAMS.case_window_secs + 1);
    let mint = zoo.payment_mint;
    zoo.more.push(("case".into(), case));
    zoo.more.push(("pot".into(), pda::pot(&mint)));
    zoo.more.push(("record".into(), pda::record(&robbery.settler.address)));
    zoo.more.push(("challenge".into(), robbery.challenge));
    let restore = zoo.restore_claims_instruction(&case, &zoo.session);
    zoo.sweep(&[restore], &[], &NAMES, &[]);
}
