use heliograph_staking::error::StakingError;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn nothing_matured_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    world.delegate(&party, 10);
    let withdraw = world.withdraw_delegation_instruction(&party);
    let refused = StakingError::NothingMatured;
    world.refuse(std::slice::from_ref(&withdraw), &[&party.wallet], refused);
    world.undelegate(&party, 10);
    world.pass(PARAMS.unbonding_secs - 1);
    world.refuse(std::slice::from_ref(&withdraw), &[&party.wallet], refused);
    world.pass(1);
    world.act(withdraw.clone(), &party.wallet);
    world.refuse(&[withdraw], &[&party.wallet], refused);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let mut withdraw = zoo.withdraw_delegation_instruction(&zoo.delegator);
    withdraw.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[withdraw], &[&stranger], StakingError::NotDelegator);
}

#[test]
fn every_substitute_but_the_destination_rejects() {
    let mut zoo = Zoo::new();
    let party = zoo.delegator.clone();
    zoo.undelegate(&party, 1);
    zoo.pass(PARAMS.unbonding_secs);
    let withdraw = zoo.withdraw_delegation_instruction(&party);
    let names = [
        "delegator",
        "position",
        "delegation",
        "mint",
        "vault",
        "destination",
        "token_program",
        "event_authority",
        "program",
    ];
    // The delegator may send its stake wherever it likes.
    let tokens = zoo.tokens_of(&zoo.stake_mint, &["node's stake vault"]);
    let meant: Vec<_> = tokens.iter().map(|name| ("destination", name.as_str())).collect();
    zoo.sweep(&[withdraw], &[&party.wallet], &names, &meant);
}
