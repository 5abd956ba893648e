use heliograph_settlement::error::SettlementError;
use heliograph_tests::vouchers::signed;
use heliograph_tests::world::USDC;
use heliograph_tests::{Scene, Zoo, key};

#[test]
pub fn voucher_shown_before_rejects() {
    let mut scene = Scene::new();
    let prove =
        |scene: &Scene, amount| scene.prove_instructions(&scene.session, &scene.voucher(amount));
    let instructions = prove(&scene, USDC);
    scene.run(&instructions, &[]);
    for amount in [0, USDC - 1, USDC] {
        let instructions = prove(&scene, amount);
        scene.refuse(&instructions, &[], SettlementError::VoucherProvenAlready);
    }
    // A redeem shows its voucher as well.
    scene.pay(2 * USDC);
    let instructions = prove(&scene, 2 * USDC);
    scene.refuse(&instructions, &[], SettlementError::VoucherProvenAlready);
}

#[test]
fn voucher_that_is_not_the_sessions_rejects() {
    let mut zoo = Zoo::new();
    let app = zoo.app.clone();
    let by = |session: &heliograph_tests::SessionParty| {
        signed(&session.voucher(USDC), &app.voucher_signer)
    };
    for (voucher, why) in [
        (by(&zoo.second_session), SettlementError::VoucherOtherSession),
        (by(&zoo.cross_session), SettlementError::VoucherOtherChannel),
        (signed(&zoo.session.voucher(USDC), &key("thief")), SettlementError::OtherVoucherSigner),
    ] {
        let prove = zoo.prove_instructions(&zoo.session, &voucher);
        zoo.refuse(&prove, &[], why);
    }
    let [_, prove] = zoo.prove_instructions(&zoo.session, &zoo.voucher(USDC));
    zoo.refuse(&[prove], &[], SettlementError::NoSignatureInstruction);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let prove = zoo.prove_instructions(&zoo.session, &zoo.voucher(USDC));
    let names = ["network", "session", "instructions", "event_authority", "program"];
    zoo.sweep(&prove, &[], &names, &[]);
}
