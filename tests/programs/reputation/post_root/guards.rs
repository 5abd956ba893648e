use crate::reputation::zoo::Observatory;
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::reputation::Root;
use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_registry::state::{KeeperRole, KeeperStatus, pause};
use heliograph_reputation::error::ReputationError;
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel, Report};
use heliograph_tests::reason::{already_in_use, in_reputation};
use heliograph_tests::world::STAKE_MIN;
use heliograph_tests::{KeeperParty, Reason, World};
use solana_signer::Signer;
use std::slice::from_ref;

/// A panel in the time to post, its one observer, and that observer's root.
fn ready() -> (Panel, KeeperParty, Root) {
    let mut panel = Panel::new(1);
    panel.enter_phase(Phase::Posting);
    let root = panel.report(0, GOOD).root();
    let observer = panel.observers.remove(0);
    (panel, observer, root)
}

fn refuse(world: &mut World, observer: &KeeperParty, root: Root, why: impl Into<Reason>) {
    let post = world.post_root_instruction(observer, root);
    world.refuse(&[post], &[&observer.owner, &observer.keeper_key], why);
}

#[test]
pub fn early_and_late_roots_reject() {
    let (mut panel, observer, root) = ready();
    for secs in [-1, EPOCH_SECS as i64, 100 * EPOCH_SECS as i64] {
        panel.enter_phase(Phase::Posting);
        panel.pass(secs);
        refuse(&mut panel, &observer, root, ReputationError::NotPosting);
    }
    panel.enter_phase(Phase::Posting);
    for epoch in [root.epoch + EPOCH_SECS, root.epoch - EPOCH_SECS, 0, u64::MAX - u64::MAX % 3_600]
    {
        refuse(&mut panel, &observer, Root { epoch, ..root }, ReputationError::NotPosting);
    }
    panel.post_root(&observer, root);
}

#[test]
pub fn epoch_between_two_rejects() {
    let (mut panel, observer, root) = ready();
    for off in [1, EPOCH_SECS / 2, EPOCH_SECS - 1] {
        let root = Root { epoch: root.epoch - off, ..root };
        refuse(&mut panel, &observer, root, ReputationError::EpochNotAligned);
    }
}

#[test]
pub fn root_over_nothing_rejects() {
    let (mut panel, observer, root) = ready();
    let nothing = Root { leaves_count: 0, ..root };
    refuse(&mut panel, &observer, nothing, ReputationError::NoLeaves);
}

/// Another root for the same epoch, or the same once more.
#[test]
fn second_root_rejects() {
    let (mut panel, observer, root) = ready();
    panel.post_root(&observer, root);
    for root in [root, Root { root: [7; 32], ..root }] {
        refuse(&mut panel, &observer, root, already_in_use());
    }
}

#[test]
pub fn observer_not_at_work_rejects() {
    let why = ReputationError::ObserverNotActive;
    let (mut panel, observer, root) = ready();
    // Short of stake, and therefore suspended.
    panel.unbond_keeper(&observer, 1);
    refuse(&mut panel, &observer, root, why);
    // With stake, but not activated again.
    panel.bond(&observer, 1);
    refuse(&mut panel, &observer, root, why);
    panel.set_keeper_status(&observer, KeeperStatus::Active);
    let mut jailed = panel.clone();
    jailed.impersonate(&pda::jailer());
    jailed.jail(&observer.address, i64::MAX);
    refuse(&mut jailed, &observer, root, why);
    let mut gone = panel.clone();
    gone.set_keeper_status(&observer, KeeperStatus::Exited);
    refuse(&mut gone, &observer, root, why);
    panel.post_root(&observer, root);
}

/// Active, but the network asks for more stake meanwhile.
#[test]
fn observer_below_a_raised_minimum_rejects() {
    use heliograph_registry::state::NetworkParams;
    use heliograph_tests::world::PARAMS;
    let mut world = World::new();
    let observer = world.observer("observer");
    let raised = NetworkParams { observer_stake_min: STAKE_MIN, ..PARAMS };
    world.propose_params(raised);
    world.pass(PARAMS.timelock_secs);
    let apply = world.apply_params_instruction();
    world.run(&[apply], &[]);
    let epoch = world.now() as u64 - EPOCH_SECS;
    let root = Root { epoch, epoch_secs: EPOCH_SECS as u32, root: [1; 32], leaves_count: 1 };
    refuse(&mut world, &observer, root, ReputationError::ObserverNotActive);
}

#[test]
pub fn settler_rejects() {
    let mut world = World::new();
    let settler = world.keeper("settler", KeeperRole::Settler);
    let epoch = world.now() as u64;
    world.enter(epoch, Phase::Posting);
    let root = Root { epoch, epoch_secs: EPOCH_SECS as u32, root: [1; 32], leaves_count: 1 };
    refuse(&mut world, &settler, root, ReputationError::NotAnObserver);
}

#[test]
pub fn another_key_rejects() {
    let (mut panel, observer, root) = ready();
    let owner = observer.owner.pubkey();
    let stranger = panel.wallet("stranger");
    for signer in [&stranger, &observer.owner] {
        let mut post = panel.post_root_instruction(&observer, root);
        post.accounts[1].pubkey = signer.pubkey();
        assert_eq!(post.accounts[0].pubkey, owner);
        let signers = [&observer.owner, signer];
        panel.refuse(&[post], &signers, ReputationError::NotKeeperKey);
    }
}

/// Samples of an epoch of another length could convict an honest observer.
#[test]
pub fn epoch_of_another_length_rejects() {
    let (mut panel, observer, root) = ready();
    for epoch_secs in [0, root.epoch_secs - 1, 2 * root.epoch_secs] {
        let other = Root { epoch_secs, ..root };
        refuse(&mut panel, &observer, other, ReputationError::OtherEpochLength);
    }
    panel.post_root(&observer, root);
}

#[test]
pub fn paused_posting_rejects_until_it_goes_on() {
    let (mut panel, observer, root) = ready();
    panel.pause(pause::OBSERVATIONS);
    refuse(&mut panel, &observer, root, ReputationError::ObservationsPaused);
    panel.pause(pause::ALL);
    panel.unpause(pause::OBSERVATIONS);
    panel.post_root(&observer, root);
}

#[test]
pub fn network_of_another_reputation_program_rejects() {
    let mut world = World::bare();
    let args = InitializeNetworkArgs { reputation_program: pda::STAKING, ..world.network_args() };
    world.initialize(args);
    let observer = world.observer("observer");
    let epoch = world.now() as u64;
    world.enter(epoch, Phase::Posting);
    let root = Root { epoch, epoch_secs: EPOCH_SECS as u32, root: [1; 32], leaves_count: 1 };
    refuse(&mut world, &observer, root, ReputationError::OtherReputationProgram);
}

#[test]
fn standing_of_somebody_else_rejects() {
    let mut panel = Panel::new(2);
    panel.post_all(&[GOOD]);
    let root = panel.report(1, GOOD).root();
    let mut post = panel.post_root_instruction(&panel.observers[1], root);
    post.accounts[6].pubkey = panel.standing(0);
    let observer = panel.observers.remove(1);
    let signers = [&observer.owner, &observer.keeper_key];
    panel.refuse(from_ref(&post), &signers, in_reputation(ErrorCode::ConstraintSeeds));
}

#[test]
fn every_substitute_but_another_payer_rejects() {
    let mut all = Observatory::posted();
    let epoch = all.epoch + EPOCH_SECS;
    all.zoo.enter(epoch, Phase::Posting);
    let observer = all.zoo.observer.clone();
    let report = Report::new(observer.address, epoch, &[(all.zoo.node.address, GOOD)]);
    let post = all.zoo.post_root_instruction(&observer, report.root());
    let names = [
        "payer",
        "keeper key",
        "network",
        "keeper",
        "epoch",
        "observation",
        "standing",
        "system program",
        "event_authority",
        "program",
    ];
    let signers = [&observer.owner, &observer.keeper_key];
    all.sweep(post, &signers, &names, &[("payer", "stranger 0")]);
}
