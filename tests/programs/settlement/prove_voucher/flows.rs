use heliograph_settlement::events::VoucherProven;
use heliograph_settlement::state::Session;
use heliograph_tests::Scene;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::world::USDC;

#[test]
fn voucher_shown_is_proven_and_pays_nothing() {
    let mut scene = Scene::new();
    let before: Session = scene.read(&scene.session.address);
    let voucher = scene.voucher(USDC);
    let prove = scene.prove_instructions(&scene.session, &voucher);

    let done = scene.run(&prove, &[]);

    scene.holds(&scene.session.address, &Session { proven_micro_usdc: USDC, ..before });
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT);
    let voucher = scene.session.voucher(USDC);
    done.emitted(&VoucherProven {
        session: scene.session.address,
        sequence: voucher.sequence,
        receipt_hash: voucher.receipt_hash,
        proven_micro_usdc: USDC,
    });
    // It can be redeemed all the same.
    scene.pay(USDC);
}

#[test]
fn voucher_is_shown_after_the_grace_time_too() {
    let mut scene = Scene::new();
    let prove = scene.prove_instructions(&scene.session, &scene.voucher(CAP));
    scene.pass(365 * 86_400);
    scene.run(&prove, &[]);
}
