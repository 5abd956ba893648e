//! What sessions remember of claims: who stands in for what, until a voucher is shown.

use heliograph_settlement::error::SettlementError;
use heliograph_settlement::state::{Session, to_rules};
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{KeeperParty, Scene};

const WINDOW_SECS: u32 = PARAMS.challenge_window_secs + 1;
const LIABILITY_SECS: u32 = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;

/// What is on record of a settler.
fn unproven(scene: &Scene, settler: &KeeperParty) -> u64 {
    let session: Session = scene.read(&scene.session.address);
    to_rules(&session.claims).of(&settler.address.to_bytes())
}

fn proven(scene: &Scene) -> u64 {
    scene.read::<Session>(&scene.session.address).proven_micro_usdc
}

/// Posts a voucher up to `cumulative` and claims it when its window is over.
fn settle(scene: &mut Scene, settler: &KeeperParty, cumulative: u64) {
    let leaf = scene.leaf(&scene.session, &scene.voucher(cumulative));
    let batch = scene.post_leaves(settler, vec![leaf]);
    scene.pass(WINDOW_SECS);
    scene.claim(settler, &batch, 0..1);
}

fn prove(scene: &mut Scene, cumulative: u64) {
    let voucher = scene.voucher(cumulative);
    let instructions = scene.prove_instructions(&scene.session, &voucher);
    scene.run(&instructions, &[]);
}

#[test]
fn two_settlers_claims_add_up_each_on_its_own_record() {
    let mut scene = Scene::new();
    let (one, two) = (scene.settler("one", 0), scene.settler("two", 0));
    settle(&mut scene, &one, 100);
    settle(&mut scene, &two, 250);
    settle(&mut scene, &one, 260);
    assert_eq!((unproven(&scene, &one), unproven(&scene, &two)), (110, 150));
    // Whoever claimed last stands first.
    let claims = scene.read::<Session>(&scene.session.address).claims;
    assert_eq!(claims.map(|claim| claim.settler), [one.address, two.address]);
}

#[test]
pub fn third_settler_rejects_until_a_voucher_is_shown() {
    let mut scene = Scene::new();
    let [one, two, three] = ["one", "two", "three"].map(|label| scene.settler(label, 0));
    settle(&mut scene, &one, 100);
    settle(&mut scene, &two, 200);
    let leaf = scene.leaf(&scene.session, &scene.voucher(300));
    let batch = scene.post_leaves(&three, vec![leaf]);
    scene.pass(WINDOW_SECS);
    let claim = scene.claim_instruction(&three, &batch, 0..1);
    scene.refuse(std::slice::from_ref(&claim), &[], SettlementError::ClaimsUnproven);
    prove(&mut scene, 200);
    scene.run(&[claim], &[]);
    assert_eq!(
        [&one, &two, &three].map(|settler| unproven(&scene, settler)),
        [0, 0, 100],
        "each stands in for what is above the proof"
    );
}

#[test]
fn leaf_whose_voucher_was_shown_before_needs_no_record() {
    let mut scene = Scene::new();
    let [one, two, three] = ["one", "two", "three"].map(|label| scene.settler(label, 0));
    settle(&mut scene, &one, 100);
    settle(&mut scene, &two, 200);
    prove(&mut scene, 300);
    settle(&mut scene, &three, 300);
    assert_eq!([&one, &two, &three].map(|settler| unproven(&scene, settler)), [0; 3]);
}

#[test]
fn proof_in_between_clears_the_earlier_claims() {
    let mut scene = Scene::new();
    let (one, two) = (scene.settler("one", 0), scene.settler("two", 0));
    settle(&mut scene, &one, 100);
    settle(&mut scene, &two, 250);
    prove(&mut scene, 40);
    assert_eq!((unproven(&scene, &one), unproven(&scene, &two)), (60, 150));
    prove(&mut scene, 110);
    assert_eq!((unproven(&scene, &one), unproven(&scene, &two)), (0, 140));
}

#[test]
fn redeem_clears_every_record() {
    let mut scene = Scene::new();
    let (one, two) = (scene.settler("one", 0), scene.settler("two", 0));
    settle(&mut scene, &one, 100);
    settle(&mut scene, &two, 250);
    scene.pay(251);
    assert_eq!((unproven(&scene, &one), unproven(&scene, &two)), (0, 0));
    assert_eq!(proven(&scene), 251);
}

#[test]
fn claim_after_the_dispute_is_final_at_once() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    let mut args = scene.session_args(2 * USDC);
    args.expires_at = scene.now() + i64::from(PARAMS.session_secs_max);
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let (session, open) = scene.session_instruction(&app, &channel, args);
    scene.act(open, &app.authority);
    scene.session = session;
    for (wait, on_record) in [(PARAMS.dispute_secs, 100), (PARAMS.dispute_secs + 1, 0)] {
        let mut scene = scene.branch();
        let leaf = scene.leaf(&session, &scene.voucher(100));
        let batch = scene.post_leaves(&settler, vec![leaf]);
        scene.pass(wait);
        scene.claim(&settler, &batch, 0..1);
        assert_eq!(unproven(&scene, &settler), on_record);
    }
}

#[test]
fn records_that_are_final_make_room() {
    // Sessions last a day at most here; with a long one the oldest claims lapse by themselves.
    let params = heliograph_registry::state::NetworkParams {
        session_secs_max: 10 * LIABILITY_SECS,
        ..PARAMS
    };
    let mut scene = Scene::on(heliograph_tests::World::with_params(params));
    let [one, two, three] = ["one", "two", "three"].map(|label| scene.settler(label, 0));
    let mut args = scene.session_args(2 * USDC);
    args.expires_at = scene.now() + i64::from(10 * LIABILITY_SECS);
    let (app, channel) = (scene.app.clone(), scene.session.channel);
    let policy = heliograph_registry::AppPolicy {
        voucher_signer_expires_at: args.expires_at,
        ..scene.policy(&app.voucher_signer)
    };
    scene.update_app(&app, policy);
    let (session, open) = scene.session_instruction(&app, &channel, args);
    scene.act(open, &app.authority);
    scene.session = session;
    settle(&mut scene, &one, 100);
    settle(&mut scene, &two, 200);
    scene.pass(2 * LIABILITY_SECS + 1);
    settle(&mut scene, &three, 300);
    assert_eq!(unproven(&scene, &three), 100);
}
