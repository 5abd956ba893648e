use heliograph_registry::events::NodeStatusChanged;
use heliograph_registry::state::{Node, NodeStatus};
use heliograph_tests::World;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::STAKE_MIN;

#[test]
fn step_is_taken_and_dated() {
    let mut world = World::new();
    let node = world.node("node");
    let steps = [
        (NodeStatus::Active, NodeStatus::Draining),
        (NodeStatus::Draining, NodeStatus::Active),
        (NodeStatus::Active, NodeStatus::Draining),
        (NodeStatus::Draining, NodeStatus::Exited),
    ];
    for (step, (from, to)) in (1..).zip(steps) {
        let before: Node = world.read(&node.address);
        world.pass(60);
        let done = world.set_status(&node, to);
        let changed_at = BEGINNING + 60 * step;
        world.holds(&node.address, &Node { status: to, status_changed_at: changed_at, ..before });
        done.emitted(&NodeStatusChanged {
            node: node.address,
            from,
            to,
            stake: STAKE_MIN,
            changed_at,
        });
    }
}
