use heliograph_staking::error::StakingError;
use heliograph_tests::delegators::FUNDER_WALLET;
use heliograph_tests::reason::{not_token_owner, too_few_tokens};
use heliograph_tests::{World, Zoo};

#[test]
pub fn nobody_to_reward_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, funder) = (world.delegator("one", &node), world.funder(&node));
    let (reward, _) = world.reward_instruction(&funder, &node, 1);
    let why = StakingError::NothingDelegated;
    world.refuse(std::slice::from_ref(&reward), &[&funder], why);
    // Who is on the way out earns nothing, so it is as if nobody were there.
    world.delegate(&party, 10);
    world.undelegate(&party, 10);
    world.refuse(&[reward], &[&funder], why);
}

#[test]
fn zero_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let funder = zoo.funder(&node);
    let (reward, _) = zoo.reward_instruction(&funder, &node, 0);
    zoo.refuse(&[reward], &[&funder], StakingError::AmountZero);
}

#[test]
fn overflow_rejects() {
    // As much as a share can earn in all, twice; the transfer would fail later.
    let mut world = World::new();
    let node = world.node("node");
    let (party, funder) = (world.delegator("one", &node), world.funder(&node));
    world.delegate(&party, 1);
    world.reward(&funder, &node, 2);
    let (reward, _) = world.reward_instruction(&funder, &node, u64::MAX);
    world.refuse(&[reward], &[&funder], StakingError::Overflow);
}

#[test]
fn more_than_the_wallet_holds_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let funder = zoo.funder(&node);
    let (reward, _) = zoo.reward_instruction(&funder, &node, FUNDER_WALLET + 1);
    zoo.refuse(&[reward], &[&funder], too_few_tokens());
}

#[test]
fn tokens_of_somebody_else_reject() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let funder = zoo.funder(&node);
    let (mut reward, _) = zoo.reward_instruction(&funder, &node, 1);
    reward.accounts[5].pubkey = zoo.app.wallet;
    zoo.refuse(&[reward], &[&funder], not_token_owner());
}

#[test]
pub fn other_vault_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let funder = zoo.funder(&node);
    let (mint, other) = (zoo.payment_mint, zoo.other_node.position());
    let other = zoo.create_tokens(&other, &mint);
    for vault in [other, node.payout, zoo.app.vault()] {
        let (mut reward, _) = zoo.reward_instruction(&funder, &node, 1);
        reward.accounts[4].pubkey = vault;
        zoo.refuse(&[reward], &[&funder], StakingError::OtherRewardsVault);
    }
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let funder = zoo.funder(&node);
    let (reward, _) = zoo.reward_instruction(&funder, &node, 1);
    let names = [
        "funder",
        "network",
        "position",
        "payment_mint",
        "rewards_vault",
        "source",
        "token_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[reward], &[&funder], &names, &[]);
}
