use heliograph_settlement::events::BondReleased;
use heliograph_settlement::state::{Channel, Escrow, Session};
use heliograph_tests::Scene;
use heliograph_tests::scene::{CAP, DEPOSIT};
use heliograph_tests::world::{ANSWER_SECS, PARAMS, USDC};

#[test]
fn bond_is_free_the_second_after_the_last_voucher_could_be_redeemed() {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    scene.post_bond(&app, &channel, 2 * USDC);
    let until = scene.read::<Session>(&scene.session.address).redeemable_until;
    scene.set_now(until + 1);
    let before: (Escrow, Channel) = (scene.read(&app.escrow()), scene.read(&channel));
    let done = scene.release_bond(&app, &channel);
    scene.holds(&app.escrow(), &Escrow { bonded_micro_usdc: 0, ..before.0 });
    scene.holds(&channel, &Channel { bond_micro_usdc: 0, ..before.1 });
    done.emitted(&BondReleased {
        channel,
        escrow: app.escrow(),
        amount_micro_usdc: 2 * USDC,
        escrow_bonded_micro_usdc: 0,
    });
    // It leaves as the rest does: under notice.
    scene.request_withdrawal(&app, DEPOSIT);
    scene.pass(PARAMS.withdrawal_notice_secs);
    let withdraw = scene.withdraw_instruction(&app);
    scene.act(withdraw, &app.authority);
    assert_eq!(scene.tokens(&app.vault()), 0);
}

#[test]
fn channel_without_sessions_keeps_no_bond_back() {
    let mut scene = Scene::new();
    let app = scene.app.clone();
    let node = scene.node.clone();
    let unused = scene.open_channel(&app, &node);
    scene.post_bond(&app, &unused, USDC);
    scene.release_bond(&app, &unused);

    // Sessions that were ended early and closed need not have lasted as long as was agreed.
    let session = scene.session;
    scene.post_bond(&app, &session.channel, USDC);
    scene.end_session(&app, &session);
    scene.pass(PARAMS.redeem_grace_secs + ANSWER_SECS + 1);
    scene.close_session(&app, &session);
    scene.release_bond(&app, &session.channel);
    assert_eq!(scene.read::<Escrow>(&app.escrow()).bonded_micro_usdc, 0);
}

#[test]
fn bonds_are_released_one_by_one() {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let other = scene.node("other");
    let other = scene.open_channel(&app, &other);
    let session = scene.open_session(&app, &other, CAP);
    scene.post_bond(&app, &channel, USDC);
    scene.post_bond(&app, &other, 2 * USDC);
    let until = scene.read::<Session>(&session.address).redeemable_until;
    scene.set_now(until + 1);
    scene.release_bond(&app, &channel);
    assert_eq!(scene.read::<Escrow>(&app.escrow()).bonded_micro_usdc, 2 * USDC);
    assert_eq!(scene.read::<Channel>(&other).bond_micro_usdc, 2 * USDC);
}
