use heliograph_settlement::events::ChannelClosed;
use heliograph_tests::Scene;
use heliograph_tests::world::{ANSWER_SECS, PARAMS, USDC};
use solana_signer::Signer;

#[test]
fn closed_channel_gives_its_rent_back_and_tells_its_totals() {
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    scene.pay(USDC);
    scene.end_session(&app, &session);
    scene.pass(PARAMS.redeem_grace_secs + ANSWER_SECS + 1);
    scene.close_session(&app, &session);
    let (owner, rent) = (app.authority.pubkey(), scene.lamports(&session.channel));
    let before = scene.lamports(&owner);
    let done = scene.close_channel(&app, &session.channel);
    scene.is_gone(&session.channel);
    assert_eq!(scene.lamports(&owner), before + rent);
    done.emitted(&ChannelClosed {
        channel: session.channel,
        settled_micro_usdc: USDC,
        paid_micro_usdc: USDC,
    });
}
