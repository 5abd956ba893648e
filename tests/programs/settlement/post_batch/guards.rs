use heliograph_client::instruction::registry;
use heliograph_registry::state::{KeeperStatus, NetworkParams, pause};
use heliograph_settlement::error::SettlementError;
use heliograph_tests::batches::{Batch, SLOTS};
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN, USDC};
use heliograph_tests::{KeeperParty, Scene, World, Zoo};
use solana_signer::Signer;

/// A batch of one good leaf, for the minute the clock is in.
fn batch(scene: &Scene) -> Batch {
    let leaf = scene.leaf(&scene.session, &scene.voucher(USDC));
    Batch::new(scene.minute(), vec![leaf])
}

fn refused(scene: &mut Scene, settler: &KeeperParty, batch: &Batch, why: SettlementError) {
    let post = scene.post_instruction(settler, batch);
    scene.refuse(&[post], &[&settler.keeper_key], why);
}

/// A scene with a settler, a minute later.
fn ready() -> (Scene, KeeperParty) {
    let mut scene = Scene::new();
    let settler = scene.settler("settler", 0);
    scene.pass(60);
    (scene, settler)
}

#[test]
pub fn another_key_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(60);
    let (settler, thief) = (zoo.settler.clone(), zoo.other_settler.clone());
    let mut post = zoo.post_instruction(&settler, &batch(&zoo));
    for key in [&thief.keeper_key, &settler.owner, &zoo.stranger.insecure_clone()] {
        post.accounts[0].pubkey = key.pubkey();
        zoo.refuse(&[post.clone()], &[key], SettlementError::NotKeeperKey);
    }
}

#[test]
fn book_of_another_settler_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(60);
    let settler = zoo.settler.clone();
    let mut post = zoo.post_instruction(&settler, &batch(&zoo));
    post.accounts[3].pubkey = zoo.other_settler.book();
    zoo.refuse(&[post], &[&settler.keeper_key], SettlementError::OtherKeeper);
}

#[test]
fn observer_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(60);
    let observer = zoo.observer.clone();
    let mut post = zoo.post_instruction(&observer, &batch(&zoo));
    post.accounts[3].pubkey = zoo.settler.book();
    zoo.refuse(&[post], &[&observer.keeper_key], SettlementError::NotASettler);
}

#[test]
pub fn pause_of_batches_rejects() {
    let (mut scene, settler) = ready();
    let guardian = scene.guardian();
    scene.act(registry::pause(guardian.pubkey(), pause::BATCHES), &guardian);
    let batch = batch(&scene);
    refused(&mut scene, &settler, &batch, SettlementError::BatchesPaused);
    let authority = scene.authority();
    scene.act(registry::unpause(authority.pubkey(), pause::BATCHES), &authority);
    scene.post(&settler, &batch);
}

#[test]
pub fn settler_not_active_rejects() {
    let (mut scene, settler) = ready();
    let batch = batch(&scene);
    scene.set_keeper_status(&settler, KeeperStatus::Pending);
    refused(&mut scene, &settler, &batch, SettlementError::SettlerNotActive);
    scene.set_keeper_status(&settler, KeeperStatus::Active);
    // With less than the least bond it falls back to pending.
    scene.unbond_keeper(&settler, 1);
    refused(&mut scene, &settler, &batch, SettlementError::SettlerNotActive);
}

#[test]
pub fn minute_posted_already_or_passed_over_rejects() {
    let (mut scene, settler) = ready();
    scene.pass(600);
    let mut batch = batch(&scene);
    let opened = scene.book(&settler).0.last_minute;
    for minute_index in [0, opened - 1, opened] {
        let early = Batch { minute_index, ..batch.clone() };
        refused(&mut scene, &settler, &early, SettlementError::MinuteOutOfOrder);
    }
    batch.minute_index -= 1;
    scene.post(&settler, &batch);
    refused(&mut scene, &settler, &batch, SettlementError::MinuteOutOfOrder);
    batch.minute_index -= 1;
    refused(&mut scene, &settler, &batch, SettlementError::MinuteOutOfOrder);
    batch.minute_index += 2;
    scene.post(&settler, &batch);
}

#[test]
pub fn minute_in_the_future_or_long_past_rejects() {
    let (mut scene, settler) = ready();
    scene.pass(2 * 3_600);
    let batch = batch(&scene);
    let now = scene.minute();
    for minute_index in [now + 1, u64::MAX, now - 61] {
        let other = Batch { minute_index, ..batch.clone() };
        refused(&mut scene, &settler, &other, SettlementError::MinuteOutOfRange);
    }
    scene.post(&settler, &Batch { minute_index: now - 60, ..batch });
}

#[test]
pub fn nothing_to_pay_rejects() {
    let (mut scene, settler) = ready();
    let batch = batch(&scene);
    let no_leaves = Batch { total_micro_usdc: 1, ..Batch::new(batch.minute_index, Vec::new()) };
    refused(&mut scene, &settler, &no_leaves, SettlementError::BatchEmpty);
    let no_total = Batch { total_micro_usdc: 0, ..batch };
    refused(&mut scene, &settler, &no_total, SettlementError::BatchEmpty);
}

#[test]
pub fn total_above_the_maximum_rejects() {
    let (mut scene, settler) = ready();
    let batch = batch(&scene);
    for total_micro_usdc in [PARAMS.batch_total_max_micro_usdc + 1, u64::MAX] {
        let large = Batch { total_micro_usdc, ..batch.clone() };
        refused(&mut scene, &settler, &large, SettlementError::BatchAboveMaximum);
    }
}

#[test]
pub fn exposure_above_the_bond_rejects() {
    let params = NetworkParams { batch_total_max_micro_usdc: u64::MAX, ..PARAMS };
    let mut scene = Scene::on(World::with_params(params));
    let settler = scene.settler("settler", 0);
    scene.pass(60);
    let batch = batch(&scene);
    for total_micro_usdc in [SETTLER_BOND_MIN + 1, u64::MAX] {
        let large = Batch { total_micro_usdc, ..batch.clone() };
        refused(&mut scene, &settler, &large, SettlementError::ExposureAboveBond);
    }
    let all = Batch { total_micro_usdc: SETTLER_BOND_MIN, ..batch };
    scene.post(&settler, &all);
    // Overflow is no way around it.
    scene.pass(60);
    let rest = Batch { minute_index: scene.minute(), total_micro_usdc: u64::MAX, ..all };
    refused(&mut scene, &settler, &rest, SettlementError::Overflow);
}

#[test]
pub fn slot_with_a_batch_under_dispute_rejects() {
    let (mut scene, settler) = ready();
    let mut batch = batch(&scene);
    batch.total_micro_usdc = 1;
    scene.post(&settler, &batch);
    scene.pass(SLOTS as i64 * 60);
    batch.minute_index += SLOTS as u64;
    refused(&mut scene, &settler, &batch, SettlementError::BookFull);
    // Its neighbour is free.
    scene.pass(60);
    batch.minute_index += 1;
    scene.post(&settler, &batch);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    zoo.pass(60);
    let settler = zoo.settler.clone();
    let post = zoo.post_instruction(&settler, &batch(&zoo));
    let names = ["keeper_key", "network", "keeper", "book", "event_authority", "program"];
    zoo.sweep(&[post], &[&settler.keeper_key], &names, &[]);
}
