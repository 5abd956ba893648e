use heliograph_client::instruction::staking::close_delegation;
use heliograph_staking::error::StakingError;
use heliograph_tests::world::{PARAMS, USDC};
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
pub fn delegation_that_holds_something_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, funder) = (world.delegator("one", &node), world.funder(&node));
    let wallet = party.wallet.pubkey();
    let refused = |world: &mut World| {
        let close = close_delegation(wallet, node.address);
        world.refuse(&[close], &[&party.wallet], StakingError::DelegationNotEmpty);
    };
    world.delegate(&party, 10);
    world.reward(&funder, &node, USDC);
    refused(&mut world);
    world.undelegate(&party, 10);
    refused(&mut world);
    world.pass(PARAMS.unbonding_secs);
    world.withdraw_delegation(&party);
    // The rewards are still there.
    refused(&mut world);
    world.claim_rewards(&party).expect("something was earned");
    world.act(close_delegation(wallet, node.address), &party.wallet);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let (party, stranger) = (zoo.delegator("third", &node), zoo.stranger.insecure_clone());
    let mut close = close_delegation(party.wallet.pubkey(), node.address);
    close.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[close], &[&stranger], StakingError::NotDelegator);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let party = zoo.delegator("third", &node);
    let close = close_delegation(party.wallet.pubkey(), node.address);
    let names = ["delegator", "position", "delegation", "event_authority", "program"];
    zoo.sweep(&[close], &[&party.wallet], &names, &[]);
}
