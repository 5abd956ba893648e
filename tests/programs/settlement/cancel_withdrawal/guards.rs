use heliograph_client::instruction::settlement::{cancel_withdrawal, request_withdrawal};
use heliograph_settlement::error::SettlementError;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

#[test]
pub fn nothing_under_notice_rejects() {
    let mut scene = Scene::new();
    let authority = scene.app.authority.insecure_clone();
    let cancel = cancel_withdrawal(authority.pubkey(), scene.app.address);
    scene.refuse(&[cancel], &[&authority], SettlementError::NoWithdrawalPending);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let (app, authority) = (zoo.app.address, zoo.app.authority.insecure_clone());
    zoo.act(request_withdrawal(authority.pubkey(), app, 1), &authority);
    let stranger = zoo.stranger.insecure_clone();
    let cancel = cancel_withdrawal(stranger.pubkey(), app);
    zoo.refuse(&[cancel], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
fn escrow_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let other = zoo.other_app.clone();
    zoo.request_withdrawal(&other, 1);
    let authority = zoo.app.authority.insecure_clone();
    let mut cancel = cancel_withdrawal(authority.pubkey(), zoo.app.address);
    cancel.accounts[2].pubkey = zoo.other_app.escrow();
    zoo.refuse(&[cancel], &[&authority], SettlementError::OtherApp);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let authority = zoo.app.authority.insecure_clone();
    let app = zoo.app.clone();
    zoo.request_withdrawal(&app, 1);
    let names = ["authority", "app", "escrow", "event_authority", "program"];
    let cancel = cancel_withdrawal(authority.pubkey(), zoo.app.address);
    zoo.sweep(&[cancel], &[&authority], &names, &[]);
}
