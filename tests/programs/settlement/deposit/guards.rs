use heliograph_client::instruction::settlement;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::APP_WALLET;
use heliograph_tests::reason::{not_token_owner, too_few_tokens};
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

#[test]
pub fn zero_rejects() {
    let mut scene = Scene::new();
    let deposit = scene.deposit_instruction(&scene.app, 0);
    let authority = scene.app.authority.insecure_clone();
    scene.refuse(&[deposit], &[&authority], SettlementError::AmountZero);
}

#[test]
pub fn overflow_rejects() {
    let mut scene = Scene::new();
    let deposit = scene.deposit_instruction(&scene.app, u64::MAX);
    let authority = scene.app.authority.insecure_clone();
    scene.refuse(&[deposit], &[&authority], SettlementError::Overflow);
}

#[test]
fn more_than_the_wallet_holds_rejects() {
    let mut scene = Scene::new();
    let deposit = scene.deposit_instruction(&scene.app, APP_WALLET);
    let authority = scene.app.authority.insecure_clone();
    scene.refuse(&[deposit], &[&authority], too_few_tokens());
}

#[test]
fn tokens_of_somebody_else_reject() {
    let mut zoo = Zoo::new();
    let (thief, victim) = (zoo.stranger.insecure_clone(), zoo.other_app.wallet);
    let deposit = settlement::deposit(thief.pubkey(), zoo.app.address, zoo.payment_mint, victim, 1);
    zoo.refuse(&[deposit], &[&thief], not_token_owner());
}

#[test]
pub fn other_mint_rejects() {
    let mut zoo = Zoo::new();
    let authority = zoo.app.authority.insecure_clone();
    let mint = zoo.stake_mint;
    let tokens = zoo.mint_to(&authority.pubkey(), &mint, 1);
    let good = zoo.deposit_instruction(&zoo.app, 1);
    for (place, address) in [(3, mint), (4, tokens)] {
        let mut deposit = good.clone();
        deposit.accounts[place].pubkey = address;
        zoo.refuse(&[deposit], &[&authority], SettlementError::OtherMint);
    }
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let names = [
        "depositor",
        "escrow",
        "vault",
        "payment_mint",
        "source",
        "token_program",
        "event_authority",
        "program",
    ];
    let deposit = zoo.deposit_instruction(&zoo.app, 1);
    zoo.sweep(&[deposit], &[&zoo.app.authority], &names, &[]);
}
