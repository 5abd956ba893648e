use heliograph_client::instruction::settlement::{self, request_withdrawal};
use heliograph_settlement::error::SettlementError;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::USDC;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

fn refused(scene: &mut Scene, amount: u64, why: SettlementError) {
    let authority = scene.app.authority.insecure_clone();
    let request = request_withdrawal(authority.pubkey(), scene.app.address, amount);
    scene.refuse(&[request], &[&authority], why);
}

#[test]
fn zero_rejects() {
    refused(&mut Scene::new(), 0, SettlementError::AmountZero);
}

#[test]
pub fn more_than_is_deposited_rejects() {
    let mut scene = Scene::new();
    refused(&mut scene, DEPOSIT + 1, SettlementError::AmountAboveBalance);
    refused(&mut scene, u64::MAX, SettlementError::AmountAboveBalance);
}

#[test]
fn more_than_is_left_after_payments_rejects() {
    let mut scene = Scene::new();
    scene.pay(USDC);
    refused(&mut scene, DEPOSIT - USDC + 1, SettlementError::AmountAboveBalance);
}

#[test]
pub fn second_notice_rejects() {
    let mut scene = Scene::new();
    let app = scene.app.clone();
    scene.request_withdrawal(&app, 1);
    refused(&mut scene, 1, SettlementError::WithdrawalPending);
}

#[test]
pub fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let request = request_withdrawal(stranger.pubkey(), zoo.app.address, 1);
    zoo.refuse(&[request], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
pub fn escrow_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let authority = zoo.app.authority.insecure_clone();
    let mut request = settlement::request_withdrawal(authority.pubkey(), zoo.app.address, 1);
    request.accounts[3].pubkey = zoo.other_app.escrow();
    zoo.refuse(&[request], &[&authority], SettlementError::OtherApp);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let names = ["authority", "network", "app", "escrow", "event_authority", "program"];
    let request = request_withdrawal(zoo.app.authority.pubkey(), zoo.app.address, 1);
    zoo.sweep(&[request], &[&zoo.app.authority], &names, &[]);
}
