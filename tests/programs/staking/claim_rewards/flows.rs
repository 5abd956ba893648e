use heliograph_staking::events::RewardsClaimed;
use heliograph_staking::state::{Delegation, Position};
use heliograph_tests::World;
use heliograph_tests::world::USDC;

#[test]
fn delegator_gets_what_its_shares_earned() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, other) = (world.delegator("one", &node), world.delegator("other", &node));
    let funder = world.funder(&node);
    world.delegate(&party, 1);
    world.delegate(&other, 2);
    world.reward(&funder, &node, USDC);
    let (before, position): (Delegation, Position) =
        (world.read(&party.address), world.read(&node.position()));
    let done = world.claim_rewards(&party).expect("something was earned");
    // A third, rounded down.
    assert_eq!(world.tokens(&party.payout), 333_333);
    let counted_per_share = position.reward_per_share;
    world.holds(&party.address, &Delegation { counted_per_share, ..before });
    world.holds(&node.position(), &position);
    done.emitted(&RewardsClaimed { delegation: party.address, amount_micro_usdc: 333_333 });
    world.claim_rewards(&other).expect("something was earned");
    assert_eq!(world.tokens(&other.payout), 666_666);
}

#[test]
fn later_shares_earn_from_then_on() {
    let mut world = World::new();
    let node = world.node("node");
    let (early, late) = (world.delegator("early", &node), world.delegator("late", &node));
    let funder = world.funder(&node);
    world.delegate(&early, 100);
    world.reward(&funder, &node, 1_000);
    world.delegate(&late, 100);
    world.delegate(&early, 200);
    world.reward(&funder, &node, 1_000);
    for (party, due) in [(&late, 250), (&early, 1_750)] {
        world.claim_rewards(party).expect("something was earned");
        assert_eq!(world.tokens(&party.payout), due);
    }
}

#[test]
fn rewards_outlast_the_shares_that_earned_them() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, funder) = (world.delegator("one", &node), world.funder(&node));
    world.delegate(&party, 100);
    world.reward(&funder, &node, USDC);
    world.undelegate(&party, 100);
    world.pass(heliograph_tests::world::PARAMS.unbonding_secs);
    world.withdraw_delegation(&party);
    world.claim_rewards(&party).expect("something was earned");
    assert_eq!(world.tokens(&party.payout), USDC);
}
