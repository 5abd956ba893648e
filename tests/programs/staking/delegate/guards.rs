use heliograph_client::instruction::staking;
use heliograph_client::pda;
use heliograph_staking::error::StakingError;
use heliograph_staking::state::Position;
use heliograph_tests::delegators::DELEGATOR_WALLET;
use heliograph_tests::reason::{not_token_owner, too_few_tokens};
use heliograph_tests::world::PARAMS;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

#[test]
fn zero_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    let delegate = world.delegate_instruction(&party, 0);
    world.refuse(&[delegate], &[&party.wallet], StakingError::AmountZero);
}

#[test]
fn more_than_the_wallet_holds_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    let delegate = world.delegate_instruction(&party, DELEGATOR_WALLET + 1);
    world.refuse(&[delegate], &[&party.wallet], too_few_tokens());
}

#[test]
fn overflow_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    world.delegate(&party, 1);
    let delegate = world.delegate_instruction(&party, u64::MAX);
    world.refuse(&[delegate], &[&party.wallet], StakingError::Overflow);
}

#[test]
pub fn pool_that_lost_everything_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, mint) = (world.delegator("one", &node), world.stake_mint);
    world.impersonate(&pda::slasher());
    world.delegate(&party, 10);
    world.slash(&node.address, &mint, u64::MAX);
    let delegate = world.delegate_instruction(&party, 1);
    world.refuse(from_ref(&delegate), &[&party.wallet], StakingError::PoolLost);
    // When all have left it begins anew.
    world.undelegate(&party, 10);
    world.pass(PARAMS.unbonding_secs);
    world.withdraw_delegation(&party);
    world.act(delegate, &party.wallet);
    let position: Position = world.read(&node.position());
    assert_eq!((position.delegated, position.delegated_shares), (1, 1));
}

#[test]
fn tokens_of_somebody_else_reject() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let party = zoo.delegator("third", &node);
    let (wallet, mint, victim) =
        (party.wallet.pubkey(), zoo.stake_mint, zoo.other_node.stake_wallet);
    let delegate = staking::delegate(wallet, node.address, mint, victim, 1);
    zoo.refuse(&[delegate], &[&party.wallet], not_token_owner());
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let delegate = zoo.delegate_instruction(&zoo.delegator, 1);
    let names = [
        "delegator",
        "position",
        "delegation",
        "mint",
        "vault",
        "source",
        "token_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[delegate], &[&zoo.delegator.wallet], &names, &[]);
}
