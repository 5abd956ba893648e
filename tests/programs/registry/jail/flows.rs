use heliograph_client::pda;
use heliograph_registry::events::{KeeperStatusChanged, NodeStatusChanged, SubjectJailed};
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Node, NodeStatus};
use heliograph_settlement::error::SettlementError;
use heliograph_tests::events::Emitted;
use heliograph_tests::scene::CAP;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::{SETTLER_BOND_MIN, STAKE_MIN, USDC};
use heliograph_tests::{Scene, World};

const UNTIL: i64 = BEGINNING + 1_000;

#[test]
fn active_node_is_jailed() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::jailer());
    let before: Node = world.read(&node.address);
    world.pass(60);
    let done = world.jail(&node.address, UNTIL);
    let changed_at = BEGINNING + 60;
    let after = Node {
        status: NodeStatus::Jailed,
        status_changed_at: changed_at,
        jailed_until: UNTIL,
        ..before
    };
    world.holds(&node.address, &after);
    done.emitted_all(&[
        Emitted::of(&SubjectJailed {
            subject: node.address,
            old_jailed_until: 0,
            jailed_until: UNTIL,
        }),
        Emitted::of(&NodeStatusChanged {
            node: node.address,
            from: NodeStatus::Active,
            to: NodeStatus::Jailed,
            stake: STAKE_MIN,
            changed_at,
        }),
    ]);
}

#[test]
fn active_keeper_is_jailed() {
    let mut world = World::new();
    let keeper = world.keeper("keeper", KeeperRole::Settler);
    world.impersonate(&pda::jailer());
    let before: Keeper = world.read(&keeper.address);
    let done = world.jail(&keeper.address, UNTIL);
    let after = Keeper { status: KeeperStatus::Jailed, jailed_until: UNTIL, ..before };
    world.holds(&keeper.address, &after);
    done.emitted_all(&[
        Emitted::of(&SubjectJailed {
            subject: keeper.address,
            old_jailed_until: 0,
            jailed_until: UNTIL,
        }),
        Emitted::of(&KeeperStatusChanged {
            keeper: keeper.address,
            from: KeeperStatus::Active,
            to: KeeperStatus::Jailed,
            stake: SETTLER_BOND_MIN,
            changed_at: BEGINNING,
        }),
    ]);
}

#[test]
fn second_verdict_does_not_shorten_the_first() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::jailer());
    world.jail(&node.address, UNTIL);
    for (until, jailed_until) in [(UNTIL - 1, UNTIL), (i64::MIN, UNTIL), (UNTIL + 5, UNTIL + 5)] {
        let old_jailed_until = world.read::<Node>(&node.address).jailed_until;
        let done = world.jail(&node.address, until);
        assert_eq!(world.read::<Node>(&node.address).jailed_until, jailed_until);
        // It was jailed already, so its status does not change again.
        done.emitted(&SubjectJailed { subject: node.address, old_jailed_until, jailed_until });
    }
}

#[test]
fn every_status_but_exited_leads_to_jail() {
    for (steps, expected) in [
        (&[][..], NodeStatus::Jailed),
        (&[NodeStatus::Draining][..], NodeStatus::Jailed),
        (&[NodeStatus::Draining, NodeStatus::Exited][..], NodeStatus::Exited),
    ] {
        let mut world = World::new();
        let node = world.node("node");
        for step in steps {
            world.set_status(&node, *step);
        }
        world.impersonate(&pda::jailer());
        world.jail(&node.address, UNTIL);
        let jailed: Node = world.read(&node.address);
        assert_eq!((jailed.status, jailed.jailed_until), (expected, UNTIL));
    }
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Observer);
    world.impersonate(&pda::jailer());
    world.jail(&keeper.address, UNTIL);
    assert_eq!(world.read::<Keeper>(&keeper.address).status, KeeperStatus::Jailed);
}

#[test]
fn jailed_node_gets_no_session_but_is_paid_and_can_take_its_stake() {
    let mut scene = Scene::new();
    let (app, node, channel) = (scene.app.clone(), scene.node.clone(), scene.session.channel);
    scene.impersonate(&pda::jailer());
    scene.jail(&node.address, i64::MAX);
    let args = scene.session_args(CAP);
    let (_, open) = scene.session_instruction(&app, &channel, args);
    scene.refuse(&[open], &[&app.authority], SettlementError::NodeNotActive);
    scene.pay(USDC);
    scene.unbond(&node, STAKE_MIN);
    assert_eq!(scene.read::<Node>(&node.address).status, NodeStatus::Jailed);
}
