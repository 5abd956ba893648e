use heliograph_settlement::events::BondPosted;
use heliograph_settlement::state::{Channel, Escrow};
use heliograph_tests::Scene;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::USDC;

#[test]
fn bond_leaves_the_vault_as_it_is_and_is_available_to_nobody_else() {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let before: (Escrow, Channel) = (scene.read(&app.escrow()), scene.read(&channel));
    let done = scene.post_bond(&app, &channel, 2 * USDC);
    let after = Escrow { bonded_micro_usdc: 2 * USDC, ..before.0 };
    scene.holds(&app.escrow(), &after);
    scene.holds(&channel, &Channel { bond_micro_usdc: 2 * USDC, ..before.1 });
    assert_eq!(after.available_micro_usdc().expect("an amount"), DEPOSIT - 2 * USDC);
    assert_eq!(scene.tokens(&app.vault()), DEPOSIT);
    done.emitted(&BondPosted {
        channel,
        escrow: app.escrow(),
        amount_micro_usdc: 2 * USDC,
        channel_bond_micro_usdc: 2 * USDC,
        escrow_bonded_micro_usdc: 2 * USDC,
    });
}

#[test]
fn bonds_of_several_channels_add_up_in_the_escrow() {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let other = scene.node("other");
    let other = scene.open_channel(&app, &other);
    scene.post_bond(&app, &channel, USDC);
    scene.post_bond(&app, &other, 2 * USDC);
    let done = scene.post_bond(&app, &channel, 3 * USDC);
    done.emitted(&BondPosted {
        channel,
        escrow: app.escrow(),
        amount_micro_usdc: 3 * USDC,
        channel_bond_micro_usdc: 4 * USDC,
        escrow_bonded_micro_usdc: 6 * USDC,
    });
    assert_eq!(scene.read::<Channel>(&other).bond_micro_usdc, 2 * USDC);
}

#[test]
fn withdrawal_under_notice_leaves_what_was_bonded_since() {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    scene.request_withdrawal(&app, DEPOSIT);
    scene.post_bond(&app, &channel, USDC);
    scene.pass(heliograph_tests::world::PARAMS.withdrawal_notice_secs);
    let wallet = scene.tokens(&app.wallet);
    let withdraw = scene.withdraw_instruction(&app);
    scene.act(withdraw, &app.authority);
    assert_eq!(scene.tokens(&app.wallet), wallet + DEPOSIT - USDC);
    assert_eq!(scene.tokens(&app.vault()), USDC);
}
