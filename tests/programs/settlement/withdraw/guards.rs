use heliograph_settlement::error::SettlementError;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;
use std::ops::DerefMut;
use std::slice::from_ref;

/// Gives notice of everything and lets `secs` pass.
fn noticed(scene: &mut Scene, secs: u32) {
    let app = scene.app.clone();
    scene.request_withdrawal(&app, DEPOSIT);
    scene.pass(secs);
}

#[test]
pub fn notice_not_over_rejects() {
    let mut scene = Scene::new();
    noticed(&mut scene, PARAMS.withdrawal_notice_secs - 1);
    let withdraw = scene.withdraw_instruction(&scene.app);
    let authority = scene.app.authority.insecure_clone();
    scene.refuse(from_ref(&withdraw), &[&authority], SettlementError::WithdrawalNotDue);
    scene.pass(1);
    scene.act(withdraw, &authority);
}

#[test]
fn no_notice_rejects() {
    let mut scene = Scene::new();
    let withdraw = scene.withdraw_instruction(&scene.app);
    let authority = scene.app.authority.insecure_clone();
    scene.refuse(&[withdraw], &[&authority], SettlementError::NoWithdrawalPending);
}

#[test]
fn second_withdrawal_of_one_notice_rejects() {
    let mut scene = Scene::new();
    noticed(&mut scene, PARAMS.withdrawal_notice_secs);
    let withdraw = scene.withdraw_instruction(&scene.app);
    let authority = scene.app.authority.insecure_clone();
    let twice = [withdraw.clone(), withdraw];
    scene.refuse(&twice, &[&authority], SettlementError::NoWithdrawalPending);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    noticed(zoo.deref_mut(), PARAMS.withdrawal_notice_secs);
    let stranger = zoo.stranger.insecure_clone();
    let mut withdraw = zoo.withdraw_instruction(&zoo.app);
    withdraw.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[withdraw], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
fn escrow_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    noticed(zoo.deref_mut(), PARAMS.withdrawal_notice_secs);
    let mut withdraw = zoo.withdraw_instruction(&zoo.app);
    withdraw.accounts[2].pubkey = zoo.other_app.escrow();
    withdraw.accounts[3].pubkey = zoo.other_app.vault();
    let authority = zoo.app.authority.insecure_clone();
    zoo.refuse(&[withdraw], &[&authority], SettlementError::OtherApp);
}

#[test]
fn other_mint_rejects() {
    let mut zoo = Zoo::new();
    noticed(zoo.deref_mut(), PARAMS.withdrawal_notice_secs);
    let authority = zoo.app.authority.insecure_clone();
    let mint = zoo.stake_mint;
    let tokens = zoo.create_tokens(&authority.pubkey(), &mint);
    for (place, address) in [(4, mint), (5, tokens)] {
        let mut withdraw = zoo.withdraw_instruction(&zoo.app);
        withdraw.accounts[place].pubkey = address;
        zoo.refuse(&[withdraw], &[&authority], SettlementError::OtherMint);
    }
}

#[test]
fn every_substitute_but_the_destination_rejects() {
    let mut zoo = Zoo::new();
    noticed(zoo.deref_mut(), PARAMS.withdrawal_notice_secs);
    let names = [
        "authority",
        "app",
        "escrow",
        "vault",
        "payment_mint",
        "destination",
        "token_program",
        "event_authority",
        "program",
    ];
    // The authority may send its money wherever it likes.
    let tokens = zoo.tokens_of(&zoo.payment_mint, &["app's vault"]);
    let meant: Vec<_> = tokens.iter().map(|name| ("destination", name.as_str())).collect();
    let withdraw = zoo.withdraw_instruction(&zoo.app);
    zoo.sweep(&[withdraw], &[&zoo.app.authority], &names, &meant);
}
