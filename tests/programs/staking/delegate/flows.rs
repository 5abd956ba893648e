use heliograph_client::pda;
use heliograph_registry::state::Node;
use heliograph_staking::events::StakeDelegated;
use heliograph_staking::state::{Delegation, Position};
use heliograph_tests::World;
use heliograph_tests::delegators::DELEGATOR_WALLET;
use heliograph_tests::world::STAKE_MIN;

#[test]
fn delegated_stake_lies_beside_the_nodes_own_and_does_not_count_for_it() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    let (registered, position, delegation): (Node, Position, Delegation) =
        (world.read(&node.address), world.read(&node.position()), world.read(&party.address));
    world.delegate(&party, 5);
    let done = world.delegate(&party, 7);
    let expected = Position { delegated: 12, delegated_shares: 12, ..position };
    world.holds(&node.position(), &expected);
    world.holds(&party.address, &Delegation { shares: 12, ..delegation });
    world.holds(&node.address, &registered);
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN + 12);
    assert_eq!(world.tokens(&party.stake_wallet), DELEGATOR_WALLET - 12);
    done.emitted(&StakeDelegated {
        delegation: party.address,
        amount: 7,
        shares: 7,
        delegated: 12,
        delegated_shares: 12,
    });
}

#[test]
fn shares_are_cheaper_after_a_loss() {
    let mut world = World::new();
    let node = world.node("node");
    let (first, second) = (world.delegator("first", &node), world.delegator("second", &node));
    world.impersonate(&pda::slasher());
    let mint = world.stake_mint;
    world.delegate(&first, STAKE_MIN);
    // Own and delegated stake lose half each.
    world.slash(&node.address, &mint, STAKE_MIN);
    world.delegate(&second, STAKE_MIN);
    let shares = |address| world.read::<Delegation>(address).shares;
    assert_eq!(shares(&first.address), STAKE_MIN);
    assert_eq!(shares(&second.address), 2 * STAKE_MIN);
    let position: Position = world.read(&node.position());
    assert_eq!(position.delegated, STAKE_MIN / 2 + STAKE_MIN);
    assert_eq!(position.delegated_shares, 3 * STAKE_MIN);
}
