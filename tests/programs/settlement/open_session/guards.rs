use heliograph_protocol::service::{SERVICE_COUNT, Service, ServiceSet};
use heliograph_registry::state::{NetworkParams, NodeStatus};
use heliograph_registry::{AppPolicy, NodeProfile};
use heliograph_settlement::OpenSessionArgs;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::profile;
use heliograph_tests::scene::CAP;
use heliograph_tests::world::{PARAMS, STAKE_MIN, USDC};
use heliograph_tests::{Scene, World, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

/// Tries to open a session with `args` changed by `change`.
fn refused(scene: &mut Scene, change: impl FnOnce(&mut OpenSessionArgs), why: SettlementError) {
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let mut args = scene.session_args(CAP);
    change(&mut args);
    let (_, open) = scene.session_instruction(&app, &channel, args);
    scene.refuse(&[open], &[&app.authority], why);
}

/// A scene whose node has this profile by now.
fn with_profile(change: impl FnOnce(&mut NodeProfile)) -> Scene {
    let mut scene = Scene::new();
    let (node, mut profile) = (scene.node.clone(), profile());
    change(&mut profile);
    scene.update(&node, profile);
    scene
}

/// A scene whose app has this policy by now.
fn with_policy(change: impl FnOnce(&mut AppPolicy)) -> Scene {
    let mut scene = Scene::new();
    let app = scene.app.clone();
    let mut policy = scene.policy(&app.voucher_signer);
    change(&mut policy);
    scene.update_app(&app, policy);
    scene
}

#[test]
pub fn node_not_active_rejects() {
    for status in [NodeStatus::Draining, NodeStatus::Exited] {
        let mut scene = Scene::new();
        let node = scene.node.clone();
        scene.set_status(&node, NodeStatus::Draining);
        if status == NodeStatus::Exited {
            scene.set_status(&node, status);
        }
        refused(&mut scene, |_| {}, SettlementError::NodeNotActive);
    }
}

#[test]
pub fn bond_below_the_minimum_rejects() {
    let params = NetworkParams { channel_bond_min_micro_usdc: USDC, ..PARAMS };
    let mut world = World::with_params(params);
    let (node, app) = (world.node("node"), world.funded_app("app", 4 * USDC));
    let channel = world.open_channel(&app, &node);
    let (_, open) = world.session_instruction(&app, &channel, world.session_args(CAP));
    let why = SettlementError::BondBelowMinimum;
    world.refuse(from_ref(&open), &[&app.authority], why);
    world.post_bond(&app, &channel, USDC - 1);
    world.refuse(from_ref(&open), &[&app.authority], why);
    world.post_bond(&app, &channel, 1);
    let first = world.open_session(&app, &channel, CAP);
    // One that was drawn on has to be made whole before the next session; the first goes on.
    world.redeem(&app, &first, 3 * USDC + 1);
    let (_, open) = world.session_instruction(&app, &channel, world.session_args(CAP));
    world.refuse(from_ref(&open), &[&app.authority], why);
    world.deposit(&app, 1);
    world.post_bond(&app, &channel, 1);
    world.act(open, &app.authority);
}

#[test]
fn node_below_the_least_stake_rejects() {
    let mut scene = Scene::new();
    let node = scene.node.clone();
    scene.unbond(&node, 1);
    refused(&mut scene, |_| {}, SettlementError::NodeNotActive);
    // Stake alone does not bring it back: the operator must activate it.
    scene.stake(&node, STAKE_MIN);
    refused(&mut scene, |_| {}, SettlementError::NodeNotActive);
    scene.set_status(&node, NodeStatus::Active);
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    scene.open_session(&app, &channel, CAP);
}

#[test]
pub fn node_of_another_app_rejects() {
    let mut scene = with_profile(|profile| profile.private_app = profile_app());
    refused(&mut scene, |_| {}, SettlementError::NodePrivate);
}

fn profile_app() -> solana_pubkey::Pubkey {
    heliograph_tests::key("an app of its own").pubkey()
}

#[test]
pub fn services_not_sold_reject() {
    let audio = ServiceSet::of(Service::Audio);
    let mut scene = with_profile(|profile| profile.services = audio.0);
    for services in
        [ServiceSet::ALL.0, ServiceSet::of(Service::Video).0, 0, 0b1_0000, 0b1_0001, 255]
    {
        refused(&mut scene, |args| args.services = services, SettlementError::ServicesNotSold);
    }
}

#[test]
fn nonexistent_services_reject() {
    let mut scene = Scene::new();
    for services in [0, 0b1_0000, 0b1_1111, 255] {
        refused(&mut scene, |args| args.services = services, SettlementError::ServicesNotSold);
    }
}

#[test]
pub fn price_above_the_sessions_ceiling_rejects() {
    for service in 0..SERVICE_COUNT {
        let mut scene = Scene::new();
        let lower = |args: &mut OpenSessionArgs| args.price_ceilings_micro_usdc[service] -= 1;
        refused(&mut scene, lower, SettlementError::PriceAboveCeiling);
    }
}

#[test]
fn price_above_the_apps_ceiling_rejects() {
    for service in 0..SERVICE_COUNT {
        let mut scene = with_policy(|policy| policy.price_ceilings_micro_usdc[service] -= 1);
        refused(&mut scene, |_| {}, SettlementError::PriceAboveCeiling);
    }
}

#[test]
fn price_raised_meanwhile_rejects() {
    let mut scene = with_profile(|profile| profile.prices_micro_usdc[3] += 1);
    refused(&mut scene, |_| {}, SettlementError::PriceAboveCeiling);
}

#[test]
pub fn country_not_allowed_rejects() {
    let mut scene = with_policy(|policy| policy.countries = vec![*b"DE", *b"AT"]);
    refused(&mut scene, |_| {}, SettlementError::CountryNotAllowed);
}

#[test]
pub fn cap_of_zero_rejects() {
    refused(&mut Scene::new(), |args| args.cap_micro_usdc = 0, SettlementError::CapZero);
}

#[test]
pub fn expiry_out_of_range_rejects() {
    let mut scene = Scene::new();
    let now = scene.now();
    let latest = now + i64::from(PARAMS.session_secs_max);
    for expires_at in [now, now - 1, 0, -1, i64::MIN, latest + 1, i64::MAX] {
        refused(&mut scene, |args| args.expires_at = expires_at, SettlementError::ExpiryInvalid);
    }
}

#[test]
pub fn expiry_after_the_signers_rejects() {
    let mut scene = Scene::new();
    let (app, now) = (scene.app.clone(), scene.now());
    let mut policy = scene.policy(&app.voucher_signer);
    policy.voucher_signer_expires_at = now + 100;
    scene.update_app(&app, policy);
    refused(&mut scene, |args| args.expires_at = now + 101, SettlementError::ExpiryAfterSigner);
    let mut args = scene.session_args(CAP);
    args.expires_at = now + 100;
    let (_, open) = scene.session_instruction(&app, &scene.session.channel, args);
    scene.act(open, &app.authority);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let args = zoo.session_args(CAP);
    let (_, mut open) = zoo.session_instruction(&zoo.app, &zoo.session.channel, args);
    open.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[open], &[&stranger], SettlementError::NotAppAuthority);
}

#[test]
pub fn channel_of_another_app_or_node_rejects() {
    let mut zoo = Zoo::new();
    let (app, args) = (zoo.app.clone(), zoo.session_args(CAP));
    let channel = zoo.other_session.channel;
    let (_, others) = zoo.session_instruction(&app, &channel, args);
    zoo.refuse(&[others], &[&app.authority], SettlementError::OtherChannel);
    let (_, mut cross) = zoo.session_instruction(&app, &zoo.session.channel, args);
    cross.accounts[3].pubkey = zoo.other_node.address;
    zoo.refuse(&[cross], &[&app.authority], SettlementError::OtherChannel);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let args = zoo.session_args(CAP);
    let (_, open) = zoo.session_instruction(&zoo.app, &zoo.session.channel, args);
    let names = [
        "authority",
        "network",
        "app",
        "node",
        "channel",
        "session",
        "system_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[open], &[&zoo.app.authority], &names, &[]);
}
