use heliograph_client::instruction::registry::unjail;
use heliograph_client::pda;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::{KeeperRole, NodeStatus};
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::{NodeParty, World, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

const UNTIL: i64 = BEGINNING + 1_000;

/// A world with a node in jail.
fn jailed() -> (World, NodeParty) {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::jailer());
    world.jail(&node.address, UNTIL);
    (world, node)
}

#[test]
pub fn stranger_rejects() {
    let (mut world, node) = jailed();
    world.set_now(UNTIL);
    let stranger = world.wallet("stranger");
    for signer in [&stranger, &node.node_key, &world.authority()] {
        let free = unjail(signer.pubkey(), node.address);
        world.refuse(&[free], &[signer], RegistryError::NotSubjectOwner);
    }
}

#[test]
pub fn free_subject_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let keeper = world.keeper("keeper", KeeperRole::Settler);
    for (owner, subject) in [(&node.operator, node.address), (&keeper.owner, keeper.address)] {
        let free = unjail(owner.pubkey(), subject);
        world.refuse(&[free], &[owner], RegistryError::NotJailed);
    }
}

#[test]
fn exited_node_that_was_convicted_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    world.set_status(&node, NodeStatus::Draining);
    world.set_status(&node, NodeStatus::Exited);
    world.impersonate(&pda::jailer());
    world.jail(&node.address, UNTIL);
    world.set_now(UNTIL);
    let free = unjail(node.operator.pubkey(), node.address);
    world.refuse(&[free], &[&node.operator], RegistryError::NotJailed);
}

#[test]
pub fn time_not_over_rejects() {
    let (mut world, node) = jailed();
    let free = unjail(node.operator.pubkey(), node.address);
    for now in [BEGINNING, UNTIL - 1] {
        world.set_now(now);
        world.refuse(from_ref(&free), &[&node.operator], RegistryError::JailNotOver);
    }
    world.set_now(UNTIL);
    world.act(free, &node.operator);
}

#[test]
fn stake_below_the_minimum_rejects() {
    let (mut world, node) = jailed();
    world.unbond(&node, 1);
    world.set_now(UNTIL);
    let free = unjail(node.operator.pubkey(), node.address);
    let why = RegistryError::StakeBelowMinimum;
    world.refuse(from_ref(&free), &[&node.operator], why);
    world.stake(&node, 1);
    world.act(free, &node.operator);
    // The same for a bond in another mint.
    let mut world = World::new();
    let keeper = world.keeper("keeper", KeeperRole::Settler);
    world.impersonate(&pda::jailer());
    world.jail(&keeper.address, UNTIL);
    world.unbond_keeper(&keeper, 1);
    world.set_now(UNTIL);
    let free = unjail(keeper.owner.pubkey(), keeper.address);
    world.refuse(&[free], &[&keeper.owner], why);
}

#[test]
pub fn account_that_is_no_subject_rejects() {
    let mut zoo = Zoo::new();
    let app = zoo.app.clone();
    for address in [app.address, app.escrow(), zoo.node.position(), app.wallet] {
        let free = unjail(app.authority.pubkey(), address);
        zoo.refuse(&[free], &[&app.authority], RegistryError::NotASubject);
    }
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    zoo.impersonate(&pda::jailer());
    zoo.jail(&node.address, UNTIL);
    zoo.set_now(UNTIL);
    let free = unjail(node.operator.pubkey(), node.address);
    let names = ["owner", "network", "subject", "event_authority", "program"];
    zoo.sweep(&[free], &[&node.operator], &names, &[]);
}
