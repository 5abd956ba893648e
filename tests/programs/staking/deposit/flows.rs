use heliograph_registry::events::StakeRecorded;
use heliograph_registry::state::{Node, NodeStatus};
use heliograph_staking::events::StakeDeposited;
use heliograph_staking::state::Position;
use heliograph_tests::World;
use heliograph_tests::events::Emitted;
use heliograph_tests::parties::OPERATOR_WALLET;
use heliograph_tests::world::STAKE_MIN;

#[test]
fn deposit_bonds_and_tells_the_registry() {
    let mut world = World::new();
    let node = world.registered("node");
    world.open_position(&node);
    let before: (Position, Node) = (world.read(&node.position()), world.read(&node.address));
    world.stake(&node, 5);
    let done = world.stake(&node, 7);
    world.holds(&node.position(), &Position { bonded: 12, ..before.0 });
    world.holds(&node.address, &Node { stake: 12, ..before.1 });
    assert_eq!(world.tokens(&node.stake_vault()), 12);
    assert_eq!(world.tokens(&node.stake_wallet), OPERATOR_WALLET - 12);
    done.emitted_all(&[
        Emitted::of(&StakeRecorded { subject: node.address, old_stake: 5, stake: 12 }),
        Emitted::of(&StakeDeposited { position: node.position(), amount: 7, bonded: 12 }),
    ]);
}

#[test]
fn stake_alone_does_not_activate() {
    let mut world = World::new();
    let node = world.registered("node");
    world.open_position(&node);
    world.stake(&node, 2 * STAKE_MIN);
    assert_eq!(world.read::<Node>(&node.address).status, NodeStatus::Pending);
}

#[test]
fn node_that_left_can_still_be_staked() {
    let mut world = World::new();
    let node = world.node("node");
    world.set_status(&node, NodeStatus::Draining);
    world.set_status(&node, NodeStatus::Exited);
    world.stake(&node, 1);
    assert_eq!(world.read::<Node>(&node.address).stake, STAKE_MIN + 1);
}
