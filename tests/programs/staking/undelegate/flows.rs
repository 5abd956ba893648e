use heliograph_staking::events::StakeUndelegating;
use heliograph_staking::state::{Delegation, Position, Undelegation};
use heliograph_tests::World;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::{PARAMS, USDC};

#[test]
fn shares_wait_in_a_slot_and_stay_in_the_pool() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    world.delegate(&party, 100);
    let (position, delegation): (Position, Delegation) =
        (world.read(&node.position()), world.read(&party.address));
    world.undelegate(&party, 30);
    world.pass(60);
    let done = world.undelegate(&party, 50);
    let due = BEGINNING + i64::from(PARAMS.unbonding_secs);
    let mut after = Delegation { shares: 20, ..delegation };
    after.undelegating[0] = Undelegation { shares: 30, available_at: due };
    after.undelegating[1] = Undelegation { shares: 50, available_at: due + 60 };
    world.holds(&party.address, &after);
    world.holds(&node.position(), &Position { undelegating_shares: 80, ..position });
    done.emitted(&StakeUndelegating {
        delegation: party.address,
        shares: 50,
        available_at: due + 60,
        undelegating_shares: 80,
    });
}

#[test]
fn shares_on_their_way_out_earn_nothing_any_more() {
    let mut world = World::new();
    let node = world.node("node");
    let (leaving, staying) = (world.delegator("leaving", &node), world.delegator("staying", &node));
    let funder = world.funder(&node);
    world.delegate(&leaving, 100);
    world.delegate(&staying, 100);
    world.reward(&funder, &node, USDC);
    world.undelegate(&leaving, 100);
    world.reward(&funder, &node, USDC);
    for (party, due) in [(&leaving, USDC / 2), (&staying, USDC / 2 + USDC)] {
        world.claim_rewards(party).expect("something was earned");
        assert_eq!(world.tokens(&party.payout), due);
    }
}
