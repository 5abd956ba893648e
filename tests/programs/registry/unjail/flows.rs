use heliograph_client::instruction::registry::unjail;
use heliograph_client::pda;
use heliograph_registry::events::{KeeperStatusChanged, NodeStatusChanged, SubjectUnjailed};
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Node, NodeStatus};
use heliograph_tests::World;
use heliograph_tests::events::Emitted;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::{OBSERVER_STAKE_MIN, STAKE_MIN};
use solana_signer::Signer;

const UNTIL: i64 = BEGINNING + 1_000;

#[test]
fn node_comes_back_pending_and_is_activated_like_any_other() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::jailer());
    world.jail(&node.address, UNTIL);
    let jailed: Node = world.read(&node.address);
    world.set_now(UNTIL);
    let done = world.act(unjail(node.operator.pubkey(), node.address), &node.operator);
    let after = Node { status: NodeStatus::Pending, status_changed_at: UNTIL, ..jailed };
    world.holds(&node.address, &after);
    done.emitted_all(&[
        Emitted::of(&SubjectUnjailed { subject: node.address, jailed_until: UNTIL }),
        Emitted::of(&NodeStatusChanged {
            node: node.address,
            from: NodeStatus::Jailed,
            to: NodeStatus::Pending,
            stake: STAKE_MIN,
            changed_at: UNTIL,
        }),
    ]);
    world.set_status(&node, NodeStatus::Active);
}

#[test]
fn keeper_comes_back_pending() {
    let mut world = World::new();
    let keeper = world.keeper("keeper", KeeperRole::Observer);
    world.impersonate(&pda::jailer());
    world.jail(&keeper.address, UNTIL);
    let jailed: Keeper = world.read(&keeper.address);
    world.set_now(UNTIL);
    let done = world.act(unjail(keeper.owner.pubkey(), keeper.address), &keeper.owner);
    let after = Keeper { status: KeeperStatus::Pending, status_changed_at: UNTIL, ..jailed };
    world.holds(&keeper.address, &after);
    done.emitted_all(&[
        Emitted::of(&SubjectUnjailed { subject: keeper.address, jailed_until: UNTIL }),
        Emitted::of(&KeeperStatusChanged {
            keeper: keeper.address,
            from: KeeperStatus::Jailed,
            to: KeeperStatus::Pending,
            stake: OBSERVER_STAKE_MIN,
            changed_at: UNTIL,
        }),
    ]);
    world.set_keeper_status(&keeper, KeeperStatus::Active);
}
