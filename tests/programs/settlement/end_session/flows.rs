use heliograph_settlement::events::SessionEnded;
use heliograph_settlement::state::Session;
use heliograph_tests::Scene;
use heliograph_tests::parties::SESSION_SECS;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::{ANSWER_SECS, PARAMS, USDC};

#[test]
fn session_ends_now_and_keeps_its_grace() {
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    let before: Session = scene.read(&session.address);
    scene.pass(10);
    let done = scene.end_session(&app, &session);
    let (expires_at, grace) = (BEGINNING + 10, i64::from(PARAMS.redeem_grace_secs));
    let redeemable_until = expires_at + grace;
    let closable_at = redeemable_until + i64::from(ANSWER_SECS);
    let after = Session { expires_at, redeemable_until, closable_at, ..before };
    scene.holds(&session.address, &after);
    done.emitted(&SessionEnded {
        session: session.address,
        old_expires_at: BEGINNING + SESSION_SECS,
        expires_at,
        redeemable_until,
    });
    scene.pay(USDC);
}

#[test]
fn last_second_can_still_be_ended() {
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    scene.set_now(BEGINNING + SESSION_SECS - 1);
    scene.end_session(&app, &session);
    assert_eq!(scene.read::<Session>(&session.address).expires_at, BEGINNING + SESSION_SECS - 1);
}
