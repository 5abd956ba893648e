use heliograph_client::instruction::settlement::{self, post_bond};
use heliograph_settlement::error::SettlementError;
use heliograph_tests::scene::DEPOSIT;
use heliograph_tests::world::USDC;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

fn refused(scene: &mut Scene, amount: u64, why: SettlementError) {
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let post = post_bond(app.authority.pubkey(), app.address, channel, amount);
    scene.refuse(&[post], &[&app.authority], why);
}

#[test]
fn zero_rejects() {
    refused(&mut Scene::new(), 0, SettlementError::AmountZero);
}

#[test]
fn more_than_is_available_rejects() {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    refused(&mut scene, DEPOSIT + 1, SettlementError::AmountAboveBalance);
    refused(&mut scene, u64::MAX, SettlementError::AmountAboveBalance);
    scene.pay(USDC);
    refused(&mut scene, DEPOSIT - USDC + 1, SettlementError::AmountAboveBalance);
    // What is bonded is not there a second time.
    scene.post_bond(&app, &channel, DEPOSIT - USDC);
    refused(&mut scene, 1, SettlementError::AmountAboveBalance);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let post = post_bond(stranger.pubkey(), zoo.app.address, zoo.session.channel, 1);
    zoo.refuse(&[post], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
fn channel_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let (app, channel) = (zoo.app.clone(), zoo.other_session.channel);
    let post = post_bond(app.authority.pubkey(), app.address, channel, 1);
    zoo.refuse(&[post], &[&app.authority], SettlementError::OtherChannel);
}

#[test]
fn escrow_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let (app, channel) = (zoo.app.clone(), zoo.session.channel);
    let mut post = settlement::post_bond(app.authority.pubkey(), app.address, channel, 1);
    post.accounts[2].pubkey = zoo.other_app.escrow();
    zoo.refuse(&[post], &[&app.authority], SettlementError::OtherApp);
}

#[test]
fn every_substitute_but_its_own_channels_rejects() {
    let zoo = Zoo::new();
    let (app, channel) = (&zoo.app, zoo.session.channel);
    let names = ["authority", "app", "escrow", "channel", "event_authority", "program"];
    let post = post_bond(app.authority.pubkey(), app.address, channel, 1);
    zoo.sweep(&[post], &[&app.authority], &names, &[("channel", "cross session's channel")]);
}
