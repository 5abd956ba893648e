use heliograph_registry::state::NetworkParams;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::SESSION_SECS;
use heliograph_tests::world::{ANSWER_SECS, PARAMS, USDC};
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

/// From a session's opening to the last second in which it can be redeemed.
const REDEEMABLE_SECS: i64 = SESSION_SECS + PARAMS.redeem_grace_secs as i64;
/// To the last second in which a settler may need it to answer a challenge.
const ANSWERABLE_SECS: i64 = REDEEMABLE_SECS + ANSWER_SECS as i64;

#[test]
pub fn redeemable_session_rejects() {
    let mut scene = Scene::new();
    let close = scene.close_session_instruction(&scene.app, &scene.session);
    for secs in [0, REDEEMABLE_SECS] {
        scene.pass(secs);
        scene.refuse(from_ref(&close), &[], SettlementError::SessionRedeemable);
    }
    scene.pass(1);
    scene.refuse(&[close], &[], SettlementError::SessionDisputable);
}

#[test]
pub fn session_needed_to_answer_rejects() {
    let mut scene = Scene::new();
    let close = scene.close_session_instruction(&scene.app, &scene.session);
    for secs in [REDEEMABLE_SECS + 1, ANSWERABLE_SECS - REDEEMABLE_SECS - 1] {
        scene.pass(secs);
        scene.refuse(from_ref(&close), &[], SettlementError::SessionDisputable);
    }
    scene.pass(1);
    scene.run(&[close], &[]);
}

#[test]
fn unproven_claim_rejects_until_its_voucher_is_shown_or_it_is_final() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let voucher = scene.voucher(USDC);
    scene.pass(SESSION_SECS);
    let leaf = scene.leaf(&scene.session, &voucher);
    let batch = scene.post_leaves(&settler, vec![leaf]);
    scene.pass(PARAMS.redeem_grace_secs - 60);
    scene.claim(&settler, &batch, 0..1);
    let close = scene.close_session_instruction(&scene.app, &scene.session);
    scene.pass(ANSWER_SECS + 1);
    scene.refuse(from_ref(&close), &[], SettlementError::SessionDisputable);
    let (mut proven, mut waited) = (scene.world().clone(), scene.world().clone());

    let prove = proven.prove_instructions(&scene.session, &voucher);
    proven.run(&prove, &[]);
    proven.run(from_ref(&close), &[]);

    let liability = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;
    waited.pass(2 * liability - ANSWER_SECS - 1);
    waited.refuse(from_ref(&close), &[], SettlementError::SessionDisputable);
    waited.pass(1);
    waited.run(&[close], &[]);
}

#[test]
fn claim_keeps_the_period_of_its_batch_when_the_networks_gets_shorter() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    scene.propose_params(NetworkParams {
        challenge_window_secs: 1,
        challenge_response_secs: 1,
        dispute_secs: 3,
        case_window_secs: 1,
        ..PARAMS
    });
    scene.pass(SESSION_SECS);
    let leaf = scene.forged_leaf(&scene.session, USDC);
    let batch = scene.post_leaves(&settler, vec![leaf]);
    scene.pass(PARAMS.redeem_grace_secs - 60);
    scene.claim(&settler, &batch, 0..1);
    scene.pass(PARAMS.timelock_secs);
    let apply = scene.apply_params_instruction();
    scene.run(&[apply], &[]);

    // The new periods are over many times, and the batch can be challenged all the same.
    let close = scene.close_session_instruction(&scene.app, &scene.session);
    let liability = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;
    scene.pass(2 * liability - PARAMS.timelock_secs);
    scene.refuse(from_ref(&close), &[], SettlementError::SessionDisputable);
    scene.pass(1);
    scene.run(&[close], &[]);
}

#[test]
pub fn rent_for_a_stranger_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(ANSWERABLE_SECS + 1);
    let mut close = zoo.close_session_instruction(&zoo.app, &zoo.session);
    close.accounts[0].pubkey = zoo.stranger.pubkey();
    zoo.refuse(&[close], &[], SettlementError::OtherRentPayer);
}

#[test]
fn other_channel_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(ANSWERABLE_SECS + 1);
    let mut close = zoo.close_session_instruction(&zoo.app, &zoo.session);
    close.accounts[1].pubkey = zoo.cross_session.channel;
    zoo.refuse(&[close], &[], SettlementError::OtherSession);
}

#[test]
fn session_closed_twice_in_one_transaction_rejects() {
    use anchor_lang::error::ErrorCode;
    use heliograph_tests::reason::in_settlement;
    let mut scene = Scene::new();
    scene.pass(ANSWERABLE_SECS + 1);
    let close = scene.close_session_instruction(&scene.app, &scene.session);
    let why = in_settlement(ErrorCode::AccountNotInitialized);
    scene.refuse(&[close.clone(), close], &[], why);
}

#[test]
fn every_substitute_but_its_own_sessions_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(ANSWERABLE_SECS + 1);
    let close = zoo.close_session_instruction(&zoo.app, &zoo.session);
    let names = ["rent_payer", "channel", "session", "event_authority", "program"];
    zoo.sweep(&[close], &[], &names, &[("session", "second session")]);
}
