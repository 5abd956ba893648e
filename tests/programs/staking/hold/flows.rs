use heliograph_client::pda;
use heliograph_staking::events::StakeHeld;
use heliograph_staking::state::Position;
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
