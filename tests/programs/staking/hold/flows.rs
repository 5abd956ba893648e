use heliograph_client::pda;
use heliograph_staking::events::{StakeHeld, StakeWithdrawn};
use heliograph_staking::state::Position;
use heliograph_tests::random::Random;
use heliograph_tests::world::{PARAMS, STAKE_MIN};
use heliograph_tests::{NodeParty, World};

fn held(world: &World, node: &NodeParty) -> (u64, u64) {
    let position: Position = world.read(&node.position());
    (position.held, position.held_delegated)
}

#[test]
fn hold_divides_between_owner_and_delegators() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("a", &node);
    world.delegate(&party, 3 * STAKE_MIN);
    world.impersonate(&pda::slasher());
    let before: Position = world.read(&node.position());

    let done = world.hold(&node.address, 1_001);

    let after = Position { held: 251, held_delegated: 750, ..before };
    world.holds(&node.position(), &after);
    assert_eq!(done.returned, 1_001u64.to_le_bytes());
    done.emitted(&StakeHeld {
        position: node.position(),
        requested: 1_001,
        amount: 1_001,
        held: 251,
        held_delegated: 750,
    });
}

#[test]
fn holds_of_several_cases_add_up_to_no_more_than_there_is() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::slasher());
    for (asked, got) in [(STAKE_MIN - 5, STAKE_MIN - 5), (10, 5), (1, 0), (u64::MAX, 0)] {
        let done = world.hold(&node.address, asked);
        assert_eq!(done.returned, got.to_le_bytes());
    }
    assert_eq!(held(&world, &node), (STAKE_MIN, 0));
}

#[test]
fn slash_of_held_stake_lowers_the_hold() {
    let mut world = World::new();
    let node = world.node("node");
    let (mint, node_address) = (world.stake_mint, node.address);
    world.impersonate(&pda::slasher());
    world.hold(&node_address, 100);
    world.slash(&node_address, &mint, 60);
    assert_eq!(held(&world, &node), (40, 0));
    // Beyond what is held the free stake is taken.
    world.slash(&node_address, &mint, 50);
    assert_eq!(held(&world, &node), (0, 0));
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN - 110);
}

/// The owner's part of a loss is fixed when the case is opened: it cannot leave it to delegators.
#[test]
fn owner_that_withdraws_meanwhile_loses_as_much() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("a", &node);
    world.delegate(&party, STAKE_MIN);
    world.unbond(&node, STAKE_MIN - 100);
    world.impersonate(&pda::slasher());
    world.hold(&node.address, 200);
    world.pass(PARAMS.unbonding_secs);
    let withdraw = world.unstake_instruction(&node);
    world.run(&[withdraw], &[&node.operator]);
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN + 100);

    let mint = world.stake_mint;
    world.slash(&node.address, &mint, 200);

    let position: Position = world.read(&node.position());
    assert_eq!((position.own(), position.delegated), (0, STAKE_MIN - 100));
}

#[test]
fn stake_that_is_free_can_be_withdrawn() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::slasher());
    world.hold(&node.address, 100);
    world.unbond(&node, STAKE_MIN - 100);
    world.pass(PARAMS.unbonding_secs);
    let withdraw = world.unstake_instruction(&node);
    world.run(&[withdraw], &[&node.operator]);
    assert_eq!(world.tokens(&node.stake_vault()), 100);
}

#[test]
fn what_no_case_needs_leaves_and_the_rest_waits_for_the_verdict() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::slasher());
    world.unbond(&node, 100);
    world.unbond(&node, 200);
    world.hold(&node.address, STAKE_MIN - 150);
    world.pass(PARAMS.unbonding_secs);
    world.unbond(&node, 50);
    let withdraw = world.unstake_instruction(&node);

    let done = world.run(std::slice::from_ref(&withdraw), &[&node.operator]);

    let position = node.position();
    done.emitted(&StakeWithdrawn { position, amount: 150, unbonding: 200 });
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN - 150);
    let slots = world.read::<Position>(&position).unbonding.map(|slot| slot.amount);
    assert_eq!(slots[..3], [0, 150, 50]);
    // A verdict that costs nothing frees what has matured, and only that.
    world.release_hold(&node.address, STAKE_MIN);
    let done = world.run(&[withdraw], &[&node.operator]);
    done.emitted(&StakeWithdrawn { position, amount: 150, unbonding: 50 });
}

/// Several cases at once, in any order, with stake coming and going: what is held is there, and every
/// case gets what it holds.
#[test]
fn every_case_can_take_what_it_holds() {
    let mut world = World::new();
    let node = world.node("node");
    let empty: Position = Position { bonded: 0, ..world.read(&node.position()) };
    for seed in 0..200 {
        let mut random = Random::new(seed);
        let mut position = empty.clone();
        // What each open case holds.
        let mut cases: Vec<u64> = Vec::new();
        for step in 0..60 {
            match random.index(7) {
                0 => position.bond(1 + random.below(1_000)).expect("fits"),
                1 => drop(position.delegate(1 + random.below(1_000))),
                2 => cases.push(position.hold(random.below(800))),
                3 if !cases.is_empty() => {
                    // A verdict: a part is taken, the rest let go.
                    let held = cases.swap_remove(random.index(cases.len()));
                    let penalty = random.below(held + 1);
                    assert_eq!(position.slash(penalty).total(), penalty, "seed {seed}/{step}");
                    assert_eq!(position.release_hold(held - penalty), held - penalty);
                }
                4 => {
                    let amount = 1 + random.below(position.bonded.max(1));
                    let _ = position.start_unbonding(amount, 0);
                }
                5 => {
                    let mut after = position.clone();
                    if after.take_matured(1).is_ok() {
                        position = after;
                    }
                }
                _ => {
                    let shares = random.below(position.delegated_shares + 1);
                    let mut after = position.clone();
                    let left =
                        after.undelegate(shares).and_then(|()| after.withdraw_delegated(shares));
                    if left.is_ok() {
                        position = after;
                    }
                }
            }
            let all: u64 = cases.iter().sum();
            assert_eq!(position.held_total(), all, "seed {seed}/{step}: holds add up");
            assert!(position.held <= position.own(), "seed {seed}/{step}");
            assert!(position.held_delegated <= position.delegated, "seed {seed}/{step}");
        }
    }
}
