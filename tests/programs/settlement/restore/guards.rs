use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::reason::{in_settlement, not_token_owner};
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Zoo};
use solana_signer::Signer;
use std::rc::Rc;

/// A zoo whose settler has taken an USDC without a voucher; the slashing program can restore it.
fn robbed() -> (Zoo, Rc<KeeperParty>) {
    let mut zoo = Zoo::new();
    let settler = zoo.settler.clone();
    let leaf = zoo.forged_leaf(&zoo.session, USDC);
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(PARAMS.challenge_window_secs + 1);
    zoo.claim(&settler, &batch, 0..1);
    let (restorer, mint) = (pda::restorer(&pda::SLASHING), zoo.payment_mint);
    zoo.mint_to(&restorer, &mint, 10 * USDC);
    zoo.impersonate(&restorer);
    (zoo, settler)
}

#[test]
fn anyone_but_the_slashing_program_rejects() {
    let (mut zoo, settler) = robbed();
    let thief = zoo.stranger.insecure_clone();
    let mut restore = zoo.restore_instruction(&zoo.session, &settler, USDC);
    restore.accounts[0].pubkey = thief.pubkey();
    restore.accounts[6].pubkey = pda::token_account(&thief.pubkey(), &zoo.payment_mint);
    zoo.refuse(&[restore], &[&thief], in_settlement(ErrorCode::ConstraintSeeds));
}

#[test]
pub fn more_than_was_taken_rejects() {
    let (mut zoo, settler) = robbed();
    let restore = |zoo: &Zoo, settler: &KeeperParty, amount| {
        zoo.restore_instruction(&zoo.session, settler, amount)
    };
    let more = restore(&zoo, &settler, USDC + 1);
    zoo.refuse(&[more], &[], SettlementError::RestoreAboveClaims);
    // Of another settler, and of another session, nothing is on record.
    let other = zoo.other_settler.clone();
    let others = restore(&zoo, &other, 1);
    zoo.refuse(&[others], &[], SettlementError::RestoreAboveClaims);
    let elsewhere = zoo.restore_instruction(&zoo.second_session, &settler, 1);
    zoo.refuse(&[elsewhere], &[], SettlementError::RestoreAboveClaims);
    let all = restore(&zoo, &settler, USDC);
    zoo.run(std::slice::from_ref(&all), &[]);
    zoo.refuse(&[all], &[], SettlementError::RestoreAboveClaims);
}

#[test]
fn nothing_rejects() {
    let (mut zoo, settler) = robbed();
    let restore = zoo.restore_instruction(&zoo.session, &settler, 0);
    zoo.refuse(&[restore], &[], SettlementError::AmountZero);
}

#[test]
fn tokens_of_somebody_else_reject() {
    let (mut zoo, settler) = robbed();
    let mut restore = zoo.restore_instruction(&zoo.session, &settler, USDC);
    restore.accounts[6].pubkey = zoo.other_app.wallet;
    zoo.refuse(&[restore], &[], not_token_owner());
}

#[test]
fn every_substitute_rejects() {
    let (zoo, settler) = robbed();
    let restore = zoo.restore_instruction(&zoo.session, &settler, USDC);
    let names = [
        "restorer",
        "network",
        "session",
        "escrow",
        "vault",
        "payment_mint",
        "source",
        "token_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[restore], &[], &names, &[]);
}
