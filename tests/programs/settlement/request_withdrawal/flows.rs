use heliograph_client::instruction::settlement::request_withdrawal;
use heliograph_settlement::events::WithdrawalRequested;
use heliograph_settlement::state::Escrow;
use heliograph_tests::Scene;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::PARAMS;
use solana_signer::Signer;

#[test]
fn notice_is_noted_and_moves_nothing() {
    let mut scene = Scene::new();
    let (escrow, authority) = (scene.app.escrow(), scene.app.authority.insecure_clone());
    let before: Escrow = scene.read(&escrow);
    let request = request_withdrawal(authority.pubkey(), scene.app.address, DEPOSIT);
    let done = scene.act(request, &authority);
    let available_at = BEGINNING + i64::from(PARAMS.withdrawal_notice_secs);
    let after = Escrow {
        pending_withdrawal_micro_usdc: DEPOSIT,
        withdrawal_available_at: available_at,
        ..before
    };
    scene.holds(&escrow, &after);
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT);
    done.emitted(&WithdrawalRequested { escrow, amount_micro_usdc: DEPOSIT, available_at });
}

#[test]
fn vouchers_are_paid_during_the_notice() {
    let mut scene = Scene::new();
    let app = scene.app.clone();
    scene.request_withdrawal(&app, DEPOSIT);
    scene.pay(1_000_000);
    assert_eq!(scene.tokens(&scene.node.payout), 750_000);
}
