use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::SESSION_SECS;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

/// From a session's opening to the last second in which it can be redeemed.
const REDEEMABLE_SECS: i64 = SESSION_SECS + PARAMS.redeem_grace_secs as i64;

#[test]
pub fn redeemable_session_rejects() {
    let mut scene = Scene::new();
    let close = scene.close_session_instruction(&scene.app, &scene.session);
    for secs in [0, REDEEMABLE_SECS] {
        scene.pass(secs);
        scene.refuse(from_ref(&close), &[], SettlementError::SessionRedeemable);
    }
    scene.pass(1);
    scene.run(&[close], &[]);
}

#[test]
pub fn rent_for_a_stranger_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(REDEEMABLE_SECS + 1);
    let mut close = zoo.close_session_instruction(&zoo.app, &zoo.session);
    close.accounts[0].pubkey = zoo.stranger.pubkey();
    zoo.refuse(&[close], &[], SettlementError::OtherRentPayer);
}

#[test]
fn other_channel_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(REDEEMABLE_SECS + 1);
    let mut close = zoo.close_session_instruction(&zoo.app, &zoo.session);
    close.accounts[1].pubkey = zoo.cross_session.channel;
    zoo.refuse(&[close], &[], SettlementError::OtherSession);
}

#[test]
fn session_closed_twice_in_one_transaction_rejects() {
    use anchor_lang::error::ErrorCode;
    use heliograph_tests::reason::in_settlement;
    let mut scene = Scene::new();
    scene.pass(REDEEMABLE_SECS + 1);
    let close = scene.close_session_instruction(&scene.app, &scene.session);
    let why = in_settlement(ErrorCode::AccountNotInitialized);
    scene.refuse(&[close.clone(), close], &[], why);
}

#[test]
fn every_substitute_but_its_own_sessions_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(REDEEMABLE_SECS + 1);
    let close = zoo.close_session_instruction(&zoo.app, &zoo.session);
    let names = ["rent_payer", "channel", "session", "event_authority", "program"];
    zoo.sweep(&[close], &[], &names, &[("session", "second session")]);
}
