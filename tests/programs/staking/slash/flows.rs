use heliograph_client::pda;
use heliograph_registry::events::{NodeStatusChanged, StakeRecorded};
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Node, NodeStatus};
use heliograph_staking::events::StakeSlashed;
use heliograph_staking::state::{Position, Unbonding};
use heliograph_tests::delegators::{SlashTarget, slash_instruction};
use heliograph_tests::events::Emitted;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN, STAKE_MIN};
use heliograph_tests::{NodeParty, World};

/// A world in which the slashing program has decided, and a node with the least stake.
fn convicted() -> (World, NodeParty) {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::slasher());
    (world, node)
}

#[test]
fn bonded_stake_is_taken_and_the_node_suspended() {
    let (mut world, node) = convicted();
    let mint = world.stake_mint;
    let before: (Position, Node) = (world.read(&node.position()), world.read(&node.address));
    world.pass(60);
    let done = world.slash(&node.address, &mint, 30);
    let bonded = STAKE_MIN - 30;
    world.holds(&node.position(), &Position { bonded, ..before.0 });
    let after = Node {
        stake: bonded,
        status: NodeStatus::Pending,
        status_changed_at: BEGINNING + 60,
        ..before.1
    };
    world.holds(&node.address, &after);
    let pot = world.slash_pot(&mint);
    assert_eq!((world.tokens(&pot), world.tokens(&node.stake_vault())), (30, bonded));
    done.emitted_all(&[
        Emitted::of(&StakeRecorded { subject: node.address, old_stake: STAKE_MIN, stake: bonded }),
        Emitted::of(&NodeStatusChanged {
            node: node.address,
            from: NodeStatus::Active,
            to: NodeStatus::Pending,
            stake: bonded,
            changed_at: BEGINNING + 60,
        }),
        Emitted::of(&StakeSlashed {
            position: node.position(),
            destination: pot,
            requested: 30,
            amount: 30,
            bonded,
            unbonding: 0,
            delegated: 0,
            held: 0,
            held_delegated: 0,
        }),
    ]);
}

#[test]
fn unbonding_stake_is_taken_after_the_bonded_latest_first() {
    let (mut world, node) = convicted();
    let mint = world.stake_mint;
    world.stake(&node, 100);
    for amount in [10, 20, 30] {
        world.unbond(&node, amount);
        world.pass(60);
    }
    world.unbond(&node, STAKE_MIN);
    let bonded = 40;
    let slots = |world: &World| world.read::<Position>(&node.position()).unbonding;
    let before = slots(&world);
    world.slash(&node.address, &mint, bonded + STAKE_MIN + 25);
    let after = slots(&world);
    assert_eq!(after[0], before[0]);
    assert_eq!(after[1], before[1]);
    assert_eq!(after[2], Unbonding { amount: 5, ..before[2] });
    assert_eq!(after[3], Unbonding::default(), "the last to leave is the first to go");
    assert_eq!(world.read::<Position>(&node.position()).bonded, 0);
    assert_eq!(world.tokens(&node.stake_vault()), 10 + 20 + 5);
}

#[test]
fn stake_past_its_cooldown_is_slashable_until_it_is_withdrawn() {
    let (mut world, node) = convicted();
    let mint = world.stake_mint;
    world.unbond(&node, STAKE_MIN);
    world.pass(2 * PARAMS.unbonding_secs);
    world.slash(&node.address, &mint, STAKE_MIN - 1);
    let withdraw = world.unstake_instruction(&node);
    world.act(withdraw, &node.operator);
    assert_eq!(world.tokens(&node.stake_vault()), 0);
    assert_eq!(world.tokens(&world.slash_pot_address(&mint)), STAKE_MIN - 1);
}

#[test]
fn slash_takes_what_there_is_and_says_how_much() {
    let (mut world, node) = convicted();
    let mint = world.stake_mint;
    world.unbond(&node, 7);
    for (requested, amount) in [(u64::MAX, STAKE_MIN), (1, 0), (0, 0)] {
        let destination = world.slash_pot(&mint);
        let target = SlashTarget { subject: node.address, mint, destination };
        let slash = slash_instruction(pda::slasher(), target, requested);
        let done = world.run(&[slash], &[]);
        // Trailing zeros are not kept.
        let mut returned = done.returned;
        returned.resize(8, 0);
        assert_eq!(returned, amount.to_le_bytes());
    }
    let position: Position = world.read(&node.position());
    assert_eq!(position.bonded, 0);
    assert_eq!(position.unbonding, [Unbonding::default(); 8]);
    assert_eq!(world.tokens(&node.stake_vault()), 0);
    assert_eq!(world.read::<Node>(&node.address).stake, 0);
}

#[test]
fn settler_is_slashed_in_the_payment_mint() {
    let mut world = World::new();
    let settler = world.keeper("settler", KeeperRole::Settler);
    world.impersonate(&pda::slasher());
    let mint = world.payment_mint;
    world.slash(&settler.address, &mint, 1);
    assert_eq!(world.tokens(&world.slash_pot_address(&mint)), 1);
    let keeper: Keeper = world.read(&settler.address);
    assert_eq!((keeper.stake, keeper.status), (SETTLER_BOND_MIN - 1, KeeperStatus::Pending));
}

#[test]
fn who_was_jailed_or_left_can_still_be_slashed() {
    for exited in [false, true] {
        let (mut world, node) = convicted();
        let mint = world.stake_mint;
        if exited {
            world.set_status(&node, NodeStatus::Draining);
            world.set_status(&node, NodeStatus::Exited);
        } else {
            world.impersonate(&pda::jailer());
            world.jail(&node.address, i64::MAX);
        }
        world.slash(&node.address, &mint, STAKE_MIN);
        let left: Node = world.read(&node.address);
        let status = if exited { NodeStatus::Exited } else { NodeStatus::Jailed };
        assert_eq!((left.stake, left.status), (0, status));
    }
}

#[test]
fn delegated_stake_bears_its_proportion() {
    let (mut world, node) = convicted();
    let mint = world.stake_mint;
    let delegator = world.delegator("one", &node);
    // Three quarters are the node's own: half bonded, a quarter unbonding.
    world.stake(&node, STAKE_MIN);
    world.unbond(&node, STAKE_MIN);
    world.stake(&node, STAKE_MIN);
    world.delegate(&delegator, STAKE_MIN);
    world.slash(&node.address, &mint, 401);
    let position: Position = world.read(&node.position());
    // The odd unit is the node's.
    assert_eq!(position.bonded, 2 * STAKE_MIN - 301);
    assert_eq!(position.delegated, STAKE_MIN - 100);
    assert_eq!(position.delegated_shares, STAKE_MIN);
    assert_eq!(world.tokens(&world.slash_pot_address(&mint)), 401);
    assert_eq!(world.tokens(&node.stake_vault()), 4 * STAKE_MIN - 401);
}
