use heliograph_staking::events::StakeWithdrawn;
use heliograph_staking::state::{Position, UNBONDING_SLOTS, Unbonding};
use heliograph_tests::World;
use heliograph_tests::parties::OPERATOR_WALLET;
use heliograph_tests::world::{PARAMS, STAKE_MIN};

#[test]
fn matured_stake_goes_out_and_the_rest_stays() {
    let mut world = World::new();
    let node = world.node("node");
    world.unbond(&node, 10);
    world.unbond(&node, 20);
    world.pass(60);
    world.unbond(&node, 40);
    world.pass(PARAMS.unbonding_secs - 60);
    let before: Position = world.read(&node.position());

    let withdraw = world.unstake_instruction(&node);
    let done = world.act(withdraw, &node.operator);

    let mut after = before.clone();
    after.unbonding[0] = Unbonding::default();
    after.unbonding[1] = Unbonding::default();
    world.holds(&node.position(), &after);
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN - 30);
    assert_eq!(world.tokens(&node.stake_wallet), OPERATOR_WALLET - STAKE_MIN + 30);
    done.emitted(&StakeWithdrawn { position: node.position(), amount: 30, unbonding: 40 });
}

#[test]
fn freed_slots_are_used_again() {
    let mut world = World::new();
    let node = world.node("node");
    for round in 0..3 {
        for _ in 0..UNBONDING_SLOTS {
            world.unbond(&node, 1);
        }
        world.pass(PARAMS.unbonding_secs);
        let withdraw = world.unstake_instruction(&node);
        world.act(withdraw, &node.operator);
        let out = (round + 1) * UNBONDING_SLOTS as u64;
        assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN - out);
    }
}

#[test]
fn everything_can_be_withdrawn() {
    let mut world = World::new();
    let node = world.node("node");
    world.unbond(&node, STAKE_MIN);
    world.pass(PARAMS.unbonding_secs);
    let withdraw = world.unstake_instruction(&node);
    world.act(withdraw, &node.operator);
    assert_eq!(world.tokens(&node.stake_vault()), 0);
    assert_eq!(world.tokens(&node.stake_wallet), OPERATOR_WALLET);
}
