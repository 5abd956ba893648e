use heliograph_staking::error::StakingError;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
pub fn nothing_earned_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, funder) = (world.delegator("one", &node), world.funder(&node));
    world.delegate(&party, 10);
    let claim = world.claim_rewards_instruction(&party);
    let why = StakingError::NothingToClaim;
    world.refuse(std::slice::from_ref(&claim), &[&party.wallet], why);
    world.reward(&funder, &node, 10);
    world.act(claim.clone(), &party.wallet);
    world.refuse(&[claim], &[&party.wallet], why);
}

#[test]
fn less_than_a_unit_rejects_until_it_is_one() {
    let mut world = World::new();
    let node = world.node("node");
    let (small, large) = (world.delegator("small", &node), world.delegator("large", &node));
    let funder = world.funder(&node);
    world.delegate(&small, 1);
    world.delegate(&large, 3);
    world.reward(&funder, &node, 2);
    let refused = world.claim_rewards(&small).expect_err("half a unit");
    assert!(refused.is(&StakingError::NothingToClaim.into()), "{refused}");
    // A refused claim has counted nothing: the half is not lost.
    world.reward(&funder, &node, 2);
    world.claim_rewards(&small).expect("a unit");
    assert_eq!(world.tokens(&small.payout), 1);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let funder = zoo.funder(&node);
    zoo.reward(&funder, &node, 1_000);
    let stranger = zoo.stranger.insecure_clone();
    let mut claim = zoo.claim_rewards_instruction(&zoo.delegator);
    claim.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[claim], &[&stranger], StakingError::NotDelegator);
}

#[test]
fn vault_of_another_position_rejects() {
    let mut zoo = Zoo::new();
    let (node, other) = (zoo.node.clone(), zoo.other_node.clone());
    for rewarded in [&node, &other] {
        let party = zoo.delegator("third", rewarded);
        zoo.delegate(&party, 1);
        let funder = zoo.funder(rewarded);
        zoo.reward(&funder, rewarded, 1_000);
    }
    let party = zoo.delegator.clone();
    let funder = zoo.funder(&other);
    let (_, others_vault) = zoo.reward_instruction(&funder, &other, 1);
    let mut claim = zoo.claim_rewards_instruction(&party);
    claim.accounts[5].pubkey = others_vault;
    zoo.refuse(&[claim], &[&party.wallet], StakingError::OtherRewardsVault);
}

#[test]
fn every_substitute_but_the_destination_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let funder = zoo.funder(&node);
    zoo.reward(&funder, &node, 1_000);
    let party = zoo.delegator.clone();
    let claim = zoo.claim_rewards_instruction(&party);
    let names = [
        "delegator",
        "network",
        "position",
        "delegation",
        "payment_mint",
        "rewards_vault",
        "destination",
        "token_program",
        "event_authority",
        "program",
    ];
    // The delegator may send its rewards wherever it likes.
    let tokens = zoo.tokens_of(&zoo.payment_mint, &[]);
    let meant: Vec<_> = tokens.iter().map(|name| ("destination", name.as_str())).collect();
    zoo.sweep(&[claim], &[&party.wallet], &names, &meant);
}
