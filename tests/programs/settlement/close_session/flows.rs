use heliograph_settlement::events::SessionClosed;
use heliograph_settlement::state::Channel;
use heliograph_tests::Scene;
use heliograph_tests::parties::SESSION_SECS;
use heliograph_tests::world::{ANSWER_SECS, PARAMS, USDC};
use solana_signer::Signer;

#[test]
fn stranger_closes_and_the_rent_goes_back() {
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    scene.pay(USDC);
    scene.pass(SESSION_SECS + i64::from(PARAMS.redeem_grace_secs + ANSWER_SECS) + 1);
    let (owner, rent) = (app.authority.pubkey(), scene.lamports(&session.address));
    let before = scene.lamports(&owner);
    let channel: Channel = scene.read(&session.channel);

    let done = scene.close_session(&app, &session);

    scene.is_gone(&session.address);
    assert_eq!(scene.lamports(&owner), before + rent);
    // The channel keeps what the session settled.
    scene.holds(&session.channel, &Channel { sessions_open: 0, ..channel });
    done.emitted(&SessionClosed {
        session: session.address,
        channel: session.channel,
        settled_micro_usdc: USDC,
        paid_micro_usdc: USDC,
    });
}
