use heliograph_settlement::error::SettlementError;
use heliograph_tests::batches::Batch;
use heliograph_tests::reason::{already_in_use, not_token_owner, too_few_tokens};
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Zoo};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::rc::Rc;
use std::slice::from_ref;

/// A zoo with a batch of one leaf, and a stranger who can challenge it.
fn posted() -> (Zoo, Rc<KeeperParty>, Batch, Keypair) {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    (zoo, settler, batch, stranger)
}

#[test]
pub fn leaf_the_batch_does_not_have_rejects() {
    let (mut zoo, settler, batch, stranger) = posted();
    for index in [1, u32::MAX as usize] {
        let open =
            zoo.challenge_instruction(&stranger.pubkey(), &settler, batch.minute_index, index);
        zoo.refuse(&[open], &[&stranger], SettlementError::LeafUnknown);
    }
}

#[test]
fn minute_without_a_batch_rejects() {
    let (mut zoo, settler, batch, stranger) = posted();
    for minute in [0, batch.minute_index + 1, batch.minute_index + 60] {
        let open = zoo.challenge_instruction(&stranger.pubkey(), &settler, minute, 0);
        zoo.refuse(&[open], &[&stranger], SettlementError::BatchUnknown);
    }
}

#[test]
pub fn dispute_over_rejects() {
    let (mut zoo, settler, batch, stranger) = posted();
    let open = zoo.challenge_instruction(&stranger.pubkey(), &settler, batch.minute_index, 0);
    zoo.pass(PARAMS.dispute_secs + 1);
    zoo.refuse(&[open], &[&stranger], SettlementError::DisputeOver);
}

#[test]
fn leaf_under_challenge_rejects_a_second() {
    let (mut zoo, settler, batch, stranger) = posted();
    zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    let open = zoo.challenge_instruction(&stranger.pubkey(), &settler, batch.minute_index, 0);
    zoo.refuse(&[open], &[&stranger], already_in_use());
}

#[test]
fn void_batch_rejects() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaves = [zoo.session, zoo.second_session].map(|session| zoo.forged_leaf(&session, 1));
    let batch = zoo.post_leaves(&settler, leaves.into());
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    zoo.pass(PARAMS.challenge_response_secs + 1);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(&[fail], &[]);
    let open = zoo.challenge_instruction(&stranger.pubkey(), &settler, batch.minute_index, 1);
    zoo.refuse(&[open], &[&stranger], SettlementError::BatchVoid);
}

#[test]
fn bond_that_is_not_there_rejects() {
    let (mut zoo, settler, batch, stranger) = posted();
    let open = zoo.challenge_instruction(&stranger.pubkey(), &settler, batch.minute_index, 0);
    let mut stolen = open.clone();
    stolen.accounts[6].pubkey = zoo.app.wallet;
    zoo.refuse(&[stolen], &[&stranger], not_token_owner());
    let mut worthless = open.clone();
    worthless.accounts[6].pubkey =
        heliograph_client::pda::token_account(&stranger.pubkey(), &zoo.stake_mint);
    zoo.refuse(&[worthless], &[&stranger], SettlementError::OtherMint);
    let poor = zoo.wallet("poor challenger");
    let mint = zoo.payment_mint;
    zoo.mint_to(&poor.pubkey(), &mint, PARAMS.challenge_bond_micro_usdc - 1);
    let open = zoo.challenge_instruction(&poor.pubkey(), &settler, batch.minute_index, 0);
    zoo.refuse(from_ref(&open), &[&poor], too_few_tokens());
    zoo.mint_to(&poor.pubkey(), &mint, 1);
    zoo.act(open, &poor);
}

#[test]
fn every_substitute_rejects() {
    let (zoo, settler, batch, stranger) = posted();
    let open = zoo.challenge_instruction(&stranger.pubkey(), &settler, batch.minute_index, 0);
    let names = [
        "challenger",
        "network",
        "book",
        "challenge",
        "payment_mint",
        "bond",
        "source",
        "token_program",
        "system_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[open], &[&stranger], &names, &[]);
}
