use heliograph_registry::state::{Node, NodeStatus};
use heliograph_tests::World;
use heliograph_tests::world::STAKE_MIN;

#[test]
fn recorded_stake_follows_the_position() {
    let mut world = World::new();
    let node = world.node("node");
    let mut expected = STAKE_MIN;
    for (more, less) in [(10, 0), (0, 4), (7, 0), (0, 13)] {
        if more > 0 {
            world.stake(&node, more);
        } else {
            world.unbond(&node, less);
        }
        expected = expected + more - less;
        assert_eq!(world.read::<Node>(&node.address).stake, expected);
    }
    assert_eq!(world.read::<Node>(&node.address).status, NodeStatus::Active);
}

#[test]
fn stake_at_the_minimum_keeps_a_node_active() {
    let mut world = World::new();
    let node = world.node("node");
    world.stake(&node, 1);
    world.unbond(&node, 1);
    assert_eq!(world.read::<Node>(&node.address).status, NodeStatus::Active);
    world.unbond(&node, 1);
    assert_eq!(world.read::<Node>(&node.address).status, NodeStatus::Pending);
}
