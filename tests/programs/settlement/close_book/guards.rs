use heliograph_settlement::error::SettlementError;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

#[test]
pub fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let mut close = zoo.close_book_instruction(&settler);
    close.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(from_ref(&close), &[&stranger], SettlementError::NotKeeperOwner);
    // Nor the hot key.
    close.accounts[0].pubkey = settler.keeper_key.pubkey();
    zoo.refuse(&[close], &[&settler.keeper_key], SettlementError::NotKeeperOwner);
}

#[test]
pub fn book_of_another_settler_rejects() {
    let mut zoo = Zoo::new();
    let settler = zoo.settler.clone();
    let mut close = zoo.close_book_instruction(&settler);
    close.accounts[2].pubkey = zoo.other_settler.book();
    zoo.refuse(&[close], &[&settler.owner], SettlementError::OtherKeeper);
}

#[test]
fn rent_for_a_stranger_rejects() {
    let mut zoo = Zoo::new();
    let settler = zoo.settler.clone();
    let mut close = zoo.close_book_instruction(&settler);
    close.accounts[3].pubkey = zoo.stranger.pubkey();
    zoo.refuse(&[close], &[&settler.owner], SettlementError::OtherRentPayer);
}

#[test]
pub fn batch_that_can_be_disputed_rejects() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    scene.post_leaves(&settler, vec![leaf]);
    let close = scene.close_book_instruction(&settler);
    for secs in [0, 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs] {
        scene.pass(secs);
        scene.refuse(from_ref(&close), &[&settler.owner], SettlementError::BookInUse);
    }
    scene.pass(1);
    scene.act(close, &settler.owner);
}

#[test]
fn challenge_under_way_rejects() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    zoo.pass(10 * PARAMS.dispute_secs);
    let close = zoo.close_book_instruction(&settler);
    zoo.refuse(&[close], &[&settler.owner], SettlementError::BookInUse);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let settler = zoo.settler.clone();
    let close = zoo.close_book_instruction(&settler);
    let names = ["owner", "keeper", "book", "rent_payer", "event_authority", "program"];
    zoo.sweep(&[close], &[&settler.owner], &names, &[]);
}
