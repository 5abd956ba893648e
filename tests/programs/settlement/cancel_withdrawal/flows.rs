use heliograph_client::instruction::settlement::{cancel_withdrawal, request_withdrawal};
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::events::WithdrawalCancelled;
use heliograph_settlement::state::Escrow;
use heliograph_tests::Scene;
use heliograph_tests::world::PARAMS;
use solana_signer::Signer;

#[test]
fn notice_is_taken_back() {
    let mut scene = Scene::new();
    let (escrow, authority) = (scene.app.escrow(), scene.app.authority.insecure_clone());
    let before: Escrow = scene.read(&escrow);
    let app = scene.app.clone();
    scene.request_withdrawal(&app, 7);
    let done = scene.act(cancel_withdrawal(authority.pubkey(), app.address), &authority);
    scene.holds(&escrow, &before);
    done.emitted(&WithdrawalCancelled { escrow, amount_micro_usdc: 7 });
}

#[test]
fn notice_begins_anew_after_it() {
    let mut scene = Scene::new();
    let (app, authority) = (scene.app.address, scene.app.authority.insecure_clone());
    scene.act(request_withdrawal(authority.pubkey(), app, 7), &authority);
    scene.pass(PARAMS.withdrawal_notice_secs);
    scene.act(cancel_withdrawal(authority.pubkey(), app), &authority);
    scene.act(request_withdrawal(authority.pubkey(), app, 7), &authority);
    let withdraw = scene.withdraw_instruction(&scene.app);
    scene.refuse(&[withdraw], &[&authority], SettlementError::WithdrawalNotDue);
}
