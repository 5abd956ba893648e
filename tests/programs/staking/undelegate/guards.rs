use heliograph_staking::error::StakingError;
use heliograph_staking::state::UNDELEGATION_SLOTS;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn zero_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    let undelegate = world.undelegate_instruction(&party, 0);
    world.refuse(&[undelegate], &[&party.wallet], StakingError::AmountZero);
}

#[test]
pub fn more_than_is_delegated_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    world.delegate(&party, 10);
    world.undelegate(&party, 4);
    for shares in [7, u64::MAX] {
        let undelegate = world.undelegate_instruction(&party, shares);
        world.refuse(&[undelegate], &[&party.wallet], StakingError::SharesAboveDelegated);
    }
}

#[test]
fn fifth_undelegation_at_once_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    world.delegate(&party, 10);
    for _ in 0..UNDELEGATION_SLOTS {
        world.undelegate(&party, 1);
    }
    let undelegate = world.undelegate_instruction(&party, 1);
    let why = StakingError::UnbondingSlotsFull;
    world.refuse(std::slice::from_ref(&undelegate), &[&party.wallet], why);
    world.pass(PARAMS.unbonding_secs);
    world.withdraw_delegation(&party);
    world.act(undelegate, &party.wallet);
}

#[test]
pub fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let mut undelegate = zoo.undelegate_instruction(&zoo.delegator, 1);
    undelegate.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[undelegate], &[&stranger], StakingError::NotDelegator);
}

#[test]
pub fn other_position_rejects() {
    let mut zoo = Zoo::new();
    let party = zoo.delegator.clone();
    let mut undelegate = zoo.undelegate_instruction(&party, 1);
    undelegate.accounts[2].pubkey = zoo.other_node.position();
    zoo.refuse(&[undelegate], &[&party.wallet], StakingError::OtherPosition);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let undelegate = zoo.undelegate_instruction(&zoo.delegator, 1);
    let names = ["delegator", "network", "position", "delegation", "event_authority", "program"];
    zoo.sweep(&[undelegate], &[&zoo.delegator.wallet], &names, &[]);
}
