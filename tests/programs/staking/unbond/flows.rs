use heliograph_registry::events::{NodeStatusChanged, StakeRecorded};
use heliograph_registry::state::{Node, NodeStatus};
use heliograph_staking::events::StakeUnbonding;
use heliograph_staking::state::{Position, Unbonding};
use heliograph_tests::World;
use heliograph_tests::events::Emitted;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::{PARAMS, STAKE_MIN};

const COOLDOWN: i64 = PARAMS.unbonding_secs as i64;

#[test]
fn unbonding_leaves_the_vault_as_it_is() {
    let mut world = World::new();
    let node = world.node("node");
    world.stake(&node, 100);
    let before: (Position, Node) = (world.read(&node.position()), world.read(&node.address));
    world.unbond(&node, 30);
    world.pass(60);
    let done = world.unbond(&node, 70);
    let mut after = before.0.clone();
    after.bonded = STAKE_MIN;
    after.unbonding[0] = Unbonding { amount: 30, available_at: BEGINNING + COOLDOWN };
    after.unbonding[1] = Unbonding { amount: 70, available_at: BEGINNING + 60 + COOLDOWN };
    world.holds(&node.position(), &after);
    world.holds(&node.address, &Node { stake: STAKE_MIN, ..before.1 });
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN + 100);
    done.emitted_all(&[
        Emitted::of(&StakeRecorded {
            subject: node.address,
            old_stake: STAKE_MIN + 70,
            stake: STAKE_MIN,
        }),
        Emitted::of(&StakeUnbonding {
            position: node.position(),
            amount: 70,
            available_at: BEGINNING + 60 + COOLDOWN,
            bonded: STAKE_MIN,
            unbonding: 100,
        }),
    ]);
}

#[test]
fn active_node_below_the_least_stake_is_suspended() {
    let mut world = World::new();
    let node = world.node("node");
    let before: Node = world.read(&node.address);
    world.pass(60);
    let done = world.unbond(&node, 1);
    let after = Node {
        stake: STAKE_MIN - 1,
        status: NodeStatus::Pending,
        status_changed_at: BEGINNING + 60,
        ..before
    };
    world.holds(&node.address, &after);
    done.emitted_all(&[
        Emitted::of(&StakeRecorded {
            subject: node.address,
            old_stake: STAKE_MIN,
            stake: STAKE_MIN - 1,
        }),
        Emitted::of(&NodeStatusChanged {
            node: node.address,
            from: NodeStatus::Active,
            to: NodeStatus::Pending,
            stake: STAKE_MIN - 1,
            changed_at: BEGINNING + 60,
        }),
        Emitted::of(&StakeUnbonding {
            position: node.position(),
            amount: 1,
            available_at: BEGINNING + 60 + COOLDOWN,
            bonded: STAKE_MIN - 1,
            unbonding: 1,
        }),
    ]);
}

#[test]
fn draining_or_exited_node_keeps_its_status() {
    let mut world = World::new();
    let node = world.node("node");
    for status in [NodeStatus::Draining, NodeStatus::Exited] {
        world.set_status(&node, status);
        world.unbond(&node, 1);
        assert_eq!(world.read::<Node>(&node.address).status, status);
    }
    world.unbond(&node, STAKE_MIN - 2);
    assert_eq!(world.read::<Node>(&node.address).stake, 0, "everything can leave");
}
