use heliograph_client::instruction::settlement::release_bond;
use heliograph_registry::state::NetworkParams;
use heliograph_settlement::error::SettlementError;
use heliograph_settlement::state::{Channel, Session};
use heliograph_tests::scene::CAP;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

/// A scene with a bond of a USDC behind its channel.
fn bonded() -> Scene {
    let mut scene = Scene::new();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    scene.post_bond(&app, &channel, USDC);
    scene
}

fn refused(scene: &mut Scene, why: SettlementError) {
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let release = release_bond(app.authority.pubkey(), app.address, channel);
    scene.refuse(&[release], &[&app.authority], why);
}

#[test]
pub fn no_bond_rejects() {
    refused(&mut Scene::new(), SettlementError::NoBond);
}

#[test]
fn bond_released_before_rejects() {
    let mut scene = bonded();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let until = scene.read::<Session>(&scene.session.address).redeemable_until;
    scene.set_now(until + 1);
    scene.release_bond(&app, &channel);
    refused(&mut scene, SettlementError::NoBond);
}

#[test]
pub fn redeemable_session_rejects() {
    let mut scene = bonded();
    refused(&mut scene, SettlementError::BondInUse);
    let until = scene.read::<Session>(&scene.session.address).redeemable_until;
    scene.set_now(until);
    refused(&mut scene, SettlementError::BondInUse);
}

#[test]
fn the_longest_session_counts_whichever_was_opened_last() {
    let mut scene = bonded();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let mut args = scene.session_args(CAP);
    args.expires_at = scene.now() + i64::from(PARAMS.session_secs_max);
    let (long, open) = scene.session_instruction(&app, &channel, args);
    scene.act(open, &app.authority);
    scene.open_session(&app, &channel, CAP);
    let until = scene.read::<Session>(&long.address).redeemable_until;
    assert_eq!(scene.read::<Channel>(&channel).bond_until, until);
    scene.set_now(until);
    refused(&mut scene, SettlementError::BondInUse);
    // Closed in the same second, the short ones change nothing: the long one is still there.
    scene.redeem(&app, &long, USDC);
}

#[test]
fn ending_a_session_early_brings_nothing_forward() {
    let mut scene = bonded();
    let (app, session) = (scene.app.clone(), scene.session);
    let until = scene.read::<Session>(&session.address).redeemable_until;
    scene.end_session(&app, &session);
    scene.pass(PARAMS.redeem_grace_secs + 1);
    assert!(scene.now() < until);
    refused(&mut scene, SettlementError::BondInUse);
}

/// A longer grace that came into force since must not let vouchers outlive the bond.
#[test]
fn no_session_is_redeemable_when_its_bond_is_free() {
    let mut scene = bonded();
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let mut args = scene.session_args(CAP);
    args.expires_at = scene.now() + i64::from(PARAMS.session_secs_max);
    let (long, open) = scene.session_instruction(&app, &channel, args);
    scene.act(open, &app.authority);
    let agreed: Session = scene.read(&long.address);
    let redeem_grace_secs = PARAMS.redeem_grace_secs + 3_000;
    scene.propose_params(NetworkParams { redeem_grace_secs, ..PARAMS });
    scene.pass(PARAMS.timelock_secs);
    let apply = scene.apply_params_instruction();
    scene.run(&[apply], &[]);
    scene.set_now(agreed.expires_at - 1);
    scene.end_session(&app, &long);
    let ended: Session = scene.read(&long.address);
    assert_eq!(ended.redeemable_until, agreed.redeemable_until);
    scene.set_now(ended.redeemable_until);
    refused(&mut scene, SettlementError::BondInUse);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let (app, node, stranger) = (zoo.app.clone(), zoo.node.clone(), zoo.stranger.insecure_clone());
    let unused = zoo.open_channel(&app, &node);
    zoo.post_bond(&app, &unused, 1);
    let release = release_bond(stranger.pubkey(), app.address, unused);
    zoo.refuse(&[release], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
fn channel_of_another_app_rejects() {
    let mut zoo = Zoo::new();
    let (app, other, node) = (zoo.app.clone(), zoo.other_app.clone(), zoo.node.clone());
    let unused = zoo.open_channel(&other, &node);
    zoo.post_bond(&other, &unused, 1);
    let release = release_bond(app.authority.pubkey(), app.address, unused);
    zoo.refuse(&[release], &[&app.authority], SettlementError::OtherChannel);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let (app, node) = (zoo.app.clone(), zoo.node.clone());
    let unused = zoo.open_channel(&app, &node);
    zoo.post_bond(&app, &unused, 1);
    let names = ["authority", "app", "escrow", "channel", "event_authority", "program"];
    let release = release_bond(app.authority.pubkey(), app.address, unused);
    zoo.sweep(&[release], &[&app.authority], &names, &[]);
}
