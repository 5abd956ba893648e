use heliograph_client::pda;
use heliograph_staking::events::DelegationWithdrawn;
use heliograph_staking::state::{Delegation, Position, Undelegation};
use heliograph_tests::World;
use heliograph_tests::delegators::DELEGATOR_WALLET;
use heliograph_tests::world::{PARAMS, STAKE_MIN};

#[test]
fn matured_shares_are_paid_and_the_others_wait() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    world.delegate(&party, 100);
    world.undelegate(&party, 30);
    world.pass(60);
    world.undelegate(&party, 50);
    let (position, delegation): (Position, Delegation) =
        (world.read(&node.position()), world.read(&party.address));
    world.pass(PARAMS.unbonding_secs - 60);
    let done = world.withdraw_delegation(&party);
    let mut after = delegation;
    after.undelegating[0] = Undelegation::default();
    world.holds(&party.address, &after);
    let expected =
        Position { delegated: 70, delegated_shares: 70, undelegating_shares: 50, ..position };
    world.holds(&node.position(), &expected);
    assert_eq!(world.tokens(&party.stake_wallet), DELEGATOR_WALLET - 70);
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN + 70);
    done.emitted(&DelegationWithdrawn {
        delegation: party.address,
        shares: 30,
        amount: 30,
        delegated: 70,
        delegated_shares: 70,
    });
}

#[test]
fn slash_during_the_cooldown_takes_its_part() {
    let mut world = World::new();
    let node = world.node("node");
    let (leaving, staying) = (world.delegator("leaving", &node), world.delegator("staying", &node));
    world.impersonate(&pda::slasher());
    let mint = world.stake_mint;
    world.delegate(&leaving, STAKE_MIN);
    world.delegate(&staying, STAKE_MIN);
    world.undelegate(&leaving, STAKE_MIN);
    // A tenth of everything.
    world.slash(&node.address, &mint, 3 * STAKE_MIN / 10);
    world.pass(PARAMS.unbonding_secs);
    world.withdraw_delegation(&leaving);
    assert_eq!(world.tokens(&leaving.stake_wallet), DELEGATOR_WALLET - STAKE_MIN / 10);
    let position: Position = world.read(&node.position());
    assert_eq!(position.delegated, STAKE_MIN - STAKE_MIN / 10);
}

#[test]
fn shares_worth_nothing_leave_nevertheless() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, mint) = (world.delegator("one", &node), world.stake_mint);
    world.impersonate(&pda::slasher());
    world.delegate(&party, 10);
    world.slash(&node.address, &mint, u64::MAX);
    world.undelegate(&party, 10);
    world.pass(PARAMS.unbonding_secs);
    world.withdraw_delegation(&party);
    assert_eq!(world.tokens(&party.stake_wallet), DELEGATOR_WALLET - 10);
    assert!(world.read::<Delegation>(&party.address).is_empty());
}
