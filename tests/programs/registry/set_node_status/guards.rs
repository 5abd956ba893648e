use NodeStatus::{Active, Draining, Exited, Jailed, Pending};
use heliograph_client::instruction::registry::set_node_status;
use heliograph_client::pda;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::{Node, NodeStatus};
use heliograph_tests::world::STAKE_MIN;
use heliograph_tests::{NodeParty, World, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

const ALL: [NodeStatus; 5] = [Pending, Active, Draining, Jailed, Exited];
/// The steps an operator may order; `docs` and the README list the same.
const ALLOWED: [(NodeStatus, NodeStatus); 5] = [
    (Pending, Active),
    (Pending, Exited),
    (Active, Draining),
    (Draining, Active),
    (Draining, Exited),
];

/// A node in `status`, with stake.
fn node_in(world: &mut World, status: NodeStatus) -> NodeParty {
    let node = world.node("node");
    match status {
        Active => {}
        Pending => {
            world.unbond(&node, 1);
            world.stake(&node, 1);
        }
        Draining => drop(world.set_status(&node, Draining)),
        Exited => {
            world.set_status(&node, Draining);
            world.set_status(&node, Exited);
        }
        Jailed => {
            world.impersonate(&pda::jailer());
            world.jail(&node.address, i64::MAX);
        }
    }
    assert_eq!(world.read::<Node>(&node.address).status, status);
    node
}

#[test]
pub fn every_step_but_the_allowed_rejects() {
    for from in ALL {
        for to in ALL {
            let mut world = World::new();
            let node = node_in(&mut world, from);
            let step = set_node_status(node.operator.pubkey(), node.address, to);
            if ALLOWED.contains(&(from, to)) {
                world.act(step, &node.operator);
                assert_eq!(world.read::<Node>(&node.address).status, to);
            } else {
                world.refuse(&[step], &[&node.operator], RegistryError::StatusTransition);
            }
        }
    }
}

#[test]
pub fn activation_below_the_least_stake_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    let activate = set_node_status(node.operator.pubkey(), node.address, Active);
    let refused = RegistryError::StakeBelowMinimum;
    world.refuse(from_ref(&activate), &[&node.operator], refused);
    world.open_position(&node);
    world.stake(&node, STAKE_MIN - 1);
    world.refuse(from_ref(&activate), &[&node.operator], refused);
    world.stake(&node, 1);
    world.act(activate, &node.operator);
}

#[test]
fn draining_node_that_lost_its_stake_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    world.set_status(&node, Draining);
    world.unbond(&node, 1);
    let activate = set_node_status(node.operator.pubkey(), node.address, Active);
    world.refuse(&[activate], &[&node.operator], RegistryError::StakeBelowMinimum);
}

#[test]
fn stranger_rejects() {
    let mut world = World::new();
    let (node, stranger) = (world.node("node"), world.wallet("stranger"));
    world.fund(&node.node_key.pubkey());
    for signer in [&stranger, &node.node_key] {
        let drain = set_node_status(signer.pubkey(), node.address, Draining);
        world.refuse(&[drain], &[signer], RegistryError::NotOperator);
    }
}

#[test]
fn status_that_does_not_exist_rejects() {
    use anchor_lang::error::ErrorCode;
    use heliograph_tests::reason::in_registry;
    let mut world = World::new();
    let node = world.node("node");
    let mut step = set_node_status(node.operator.pubkey(), node.address, Draining);
    *step.data.last_mut().expect("the status") = 5;
    let why = in_registry(ErrorCode::InstructionDidNotDeserialize);
    world.refuse(&[step], &[&node.operator], why);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let drain = set_node_status(zoo.node.operator.pubkey(), zoo.node.address, Draining);
    let names = ["operator", "network", "node", "event_authority", "program"];
    zoo.sweep(&[drain], &[&zoo.node.operator], &names, &[]);
}
