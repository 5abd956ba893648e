use crate::slashing::trials::{Robbery, equivocation};
use heliograph_client::pda;
use heliograph_slashing::error::SlashingError;
use heliograph_tests::Zoo;
use heliograph_tests::world::PARAMS;
use solana_pubkey::Pubkey;
use std::slice::from_ref;

fn opened() -> (Zoo, Pubkey) {
    let (mut zoo, receipts) = equivocation();
    let (reporter, session) = (zoo.stranger.insecure_clone(), zoo.session);
    let case = zoo.open_equivocation_case(&reporter, &session, &receipts);
    (zoo, case)
}

#[test]
pub fn second_verdict_rejects() {
    let (mut zoo, case) = opened();
    zoo.decide(&case);
    let decide = zoo.decide_instruction(&case);
    zoo.refuse(&[decide], &[], SlashingError::CaseDecided);
}

#[test]
pub fn verdict_before_its_time_rejects() {
    let mut robbery = Robbery::new();
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    let decide = zoo.decide_instruction(&case);
    for secs in [0, PARAMS.case_window_secs, PARAMS.case_window_secs - 1] {
        zoo.pass(secs);
        zoo.refuse(from_ref(&decide), &[], SlashingError::TooEarly);
    }
    zoo.pass(1);
    zoo.run(&[decide], &[]);
}

/// Places of accounts in the instruction.
const RECORD: usize = 2;
const REWARD: usize = 10;
const DAMAGES: usize = 11;
const TREASURY: usize = 12;

#[test]
pub fn tokens_to_somebody_else_reject() {
    let (mut zoo, case) = opened();
    let thief = zoo.node.stake_wallet;
    for place in [REWARD, DAMAGES, TREASURY] {
        let mut decide = zoo.decide_instruction(&case);
        decide.accounts[place].pubkey = thief;
        zoo.refuse(&[decide], &[], SlashingError::OtherPayee);
    }
}

#[test]
pub fn record_of_another_rejects() {
    let (mut zoo, case) = opened();
    let (reporter, other) = (zoo.stranger.insecure_clone(), zoo.other_session);
    let receipts = zoo.receipts(&zoo.other_node, &other);
    zoo.open_equivocation_case(&reporter, &other, &receipts);
    let mut decide = zoo.decide_instruction(&case);
    decide.accounts[RECORD].pubkey = pda::record(&zoo.other_node.address);
    zoo.refuse(&[decide], &[], SlashingError::OtherRecord);
}

/// Accounts of the instruction, in order.
const NAMES: [&str; 22] = [
    "network",
    "case",
    "record",
    "position",
    "subject",
    "stake_vault",
    "restorer",
    "mint",
    "pot",
    "token_program",
    "reward",
    "damages",
    "treasury",
    "slasher",
    "staking_event_authority",
    "staking_program",
    "stake_recorder",
    "registry_event_authority",
    "registry_program",
    "jailer",
    "event_authority",
    "program",
];

#[test]
fn every_substitute_rejects() {
    let (mut zoo, case) = opened();
    let mint = zoo.stake_mint;
    let (reporter, other) = (zoo.stranger.insecure_clone(), zoo.other_session);
    let receipts = zoo.receipts(&zoo.other_node, &other);
    let other_case = zoo.open_equivocation_case(&reporter, &other, &receipts);
    zoo.more.extend([
        ("case".into(), case),
        ("other case".into(), other_case),
        ("record".into(), pda::record(&zoo.node.address)),
        ("other record".into(), pda::record(&zoo.other_node.address)),
        ("pot".into(), pda::pot(&mint)),
    ]);
    let decide = zoo.decide_instruction(&case);
    zoo.sweep(&[decide], &[], &NAMES, &[]);
}

#[test]
fn every_substitute_rejects_for_a_settler() {
    let mut robbery = Robbery::new();
    let case = robbery.open();
    let zoo = &mut robbery.zoo;
    zoo.pass(2 * PARAMS.case_window_secs);
    let mint = zoo.payment_mint;
    zoo.more.extend([("case".into(), case), ("pot".into(), pda::pot(&mint))]);
    let decide = zoo.decide_instruction(&case);
    zoo.sweep(&[decide], &[], &NAMES, &[]);
}
