use heliograph_client::instruction::settlement::release;
use heliograph_settlement::error::SettlementError;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{Scene, Zoo};

#[test]
pub fn nothing_over_rejects() {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    scene.refuse(&[release(settler.book())], &[], SettlementError::NothingToRelease);
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    scene.post_leaves(&settler, vec![leaf]);
    scene.pass(2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs);
    scene.refuse(&[release(settler.book())], &[], SettlementError::NothingToRelease);
    scene.pass(1);
    scene.run(&[release(settler.book())], &[]);
    scene.refuse(&[release(settler.book())], &[], SettlementError::NothingToRelease);
}

#[test]
fn batch_under_challenge_rejects() {
    let mut zoo = Zoo::new();
    let (settler, stranger) = (zoo.settler.clone(), zoo.stranger.insecure_clone());
    let leaf = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    let batch = zoo.post_leaves(&settler, vec![leaf]);
    let challenge = zoo.challenge(&stranger, &settler, batch.minute_index, 0);
    zoo.pass(10 * PARAMS.dispute_secs);
    zoo.refuse(&[release(settler.book())], &[], SettlementError::NothingToRelease);
    let fail = zoo.fail_instruction(&challenge);
    zoo.run(&[fail, release(settler.book())], &[]);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let settler = zoo.settler.clone();
    let leaf = zoo.leaf(&zoo.session, &zoo.voucher(USDC));
    zoo.post_leaves(&settler, vec![leaf]);
    zoo.pass(3 * PARAMS.dispute_secs);
    let names = ["book", "event_authority", "program"];
    zoo.sweep(&[release(settler.book())], &[], &names, &[]);
}
