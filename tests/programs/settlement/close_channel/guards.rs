use heliograph_client::instruction::settlement::close_channel;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::world::{ANSWER_SECS, PARAMS};
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

#[test]
pub fn open_session_rejects() {
    let mut scene = Scene::new();
    let (app, session) = (scene.app.clone(), scene.session);
    let close = close_channel(app.authority.pubkey(), app.address, session.channel);
    scene.refuse(from_ref(&close), &[&app.authority], SettlementError::ChannelHasSessions);
    // Ending it is not enough: it must be closed.
    scene.end_session(&app, &session);
    scene.refuse(from_ref(&close), &[&app.authority], SettlementError::ChannelHasSessions);
    scene.pass(PARAMS.redeem_grace_secs + ANSWER_SECS + 1);
    scene.refuse(from_ref(&close), &[&app.authority], SettlementError::ChannelHasSessions);
    scene.close_session(&app, &session);
    scene.act(close, &app.authority);
}

#[test]
pub fn bond_rejects() {
    let mut zoo = Zoo::new();
    let (app, node) = (zoo.app.clone(), zoo.node.clone());
    let channel = zoo.open_channel(&app, &node);
    zoo.post_bond(&app, &channel, 1);
    let close = close_channel(app.authority.pubkey(), app.address, channel);
    zoo.refuse(from_ref(&close), &[&app.authority], SettlementError::ChannelBonded);
    zoo.release_bond(&app, &channel);
    zoo.act(close, &app.authority);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let (app, stranger) = (zoo.app.clone(), zoo.stranger.insecure_clone());
    let node = zoo.node.clone();
    let channel = zoo.open_channel(&app, &node);
    let close = close_channel(stranger.pubkey(), app.address, channel);
    zoo.refuse(&[close], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
pub fn channel_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let (app, other, node) = (zoo.app.clone(), zoo.other_app.clone(), zoo.node.clone());
    let channel = zoo.open_channel(&other, &node);
    let close = close_channel(app.authority.pubkey(), app.address, channel);
    zoo.refuse(&[close], &[&app.authority], SettlementError::OtherChannel);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let (app, node) = (zoo.app.clone(), zoo.node.clone());
    let channel = zoo.open_channel(&app, &node);
    let close = close_channel(app.authority.pubkey(), app.address, channel);
    let names = ["authority", "app", "channel", "event_authority", "program"];
    zoo.sweep(&[close], &[&app.authority], &names, &[]);
}
