use heliograph_settlement::events::EscrowWithdrawn;
use heliograph_settlement::state::Escrow;
use heliograph_tests::Scene;
use heliograph_tests::parties::APP_WALLET;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::world::{PARAMS, USDC};

fn request(scene: &mut Scene, amount: u64) {
    let app = scene.app.clone();
    scene.request_withdrawal(&app, amount);
}

fn withdraw(scene: &mut Scene) -> heliograph_tests::Done {
    let app = scene.app.clone();
    let withdraw = scene.withdraw_instruction(&app);
    scene.act(withdraw, &app.authority)
}

#[test]
fn due_withdrawal_pays_what_was_asked_for() {
    let mut scene = Scene::new();
    let escrow = scene.app.escrow();
    let before: Escrow = scene.read(&escrow);
    request(&mut scene, 3 * USDC);
    scene.pass(PARAMS.withdrawal_notice_secs);
    let done = withdraw(&mut scene);
    scene.holds(&escrow, &Escrow { withdrawn_micro_usdc: 3 * USDC, ..before });
    assert_eq!(scene.tokens(&scene.app.vault()), DEPOSIT - 3 * USDC);
    assert_eq!(scene.tokens(&scene.app.wallet), APP_WALLET - DEPOSIT + 3 * USDC);
    done.emitted(&EscrowWithdrawn {
        escrow,
        requested_micro_usdc: 3 * USDC,
        amount_micro_usdc: 3 * USDC,
        withdrawn_micro_usdc: 3 * USDC,
    });
}

#[test]
fn withdrawal_pays_less_after_redeems() {
    let mut scene = Scene::new();
    request(&mut scene, DEPOSIT);
    scene.pay(CAP);
    scene.pass(PARAMS.withdrawal_notice_secs);
    let done = withdraw(&mut scene);
    assert_eq!(scene.tokens(&scene.app.vault()), 0);
    done.emitted(&EscrowWithdrawn {
        escrow: scene.app.escrow(),
        requested_micro_usdc: DEPOSIT,
        amount_micro_usdc: DEPOSIT - CAP,
        withdrawn_micro_usdc: DEPOSIT - CAP,
    });
}

#[test]
fn deposits_after_the_notice_stay() {
    let mut scene = Scene::new();
    request(&mut scene, DEPOSIT);
    let app = scene.app.clone();
    scene.deposit(&app, USDC);
    scene.pass(PARAMS.withdrawal_notice_secs);
    withdraw(&mut scene);
    assert_eq!(scene.tokens(&scene.app.vault()), USDC);
}

#[test]
fn emptied_escrow_pays_nothing_and_ends_the_notice() {
    // Everything is owed and paid before the notice is over: the withdrawal of nothing still ends
    // the notice, so that the escrow is not stuck with it.
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    scene.session = scene.open_session(&app, &channel, DEPOSIT);
    request(&mut scene, DEPOSIT);
    scene.pay(DEPOSIT);
    scene.pass(PARAMS.withdrawal_notice_secs);
    let done = withdraw(&mut scene);
    done.emitted(&EscrowWithdrawn {
        escrow: scene.app.escrow(),
        requested_micro_usdc: DEPOSIT,
        amount_micro_usdc: 0,
        withdrawn_micro_usdc: 0,
    });
    assert_eq!(scene.read::<Escrow>(&scene.app.escrow()).pending_withdrawal_micro_usdc, 0);
}
