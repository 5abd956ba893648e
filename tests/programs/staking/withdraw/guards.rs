use heliograph_staking::error::StakingError;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

#[test]
pub fn nothing_unbonding_rejects() {
    let mut scene = Scene::new();
    let node = scene.node.clone();
    let withdraw = scene.unstake_instruction(&node);
    scene.refuse(&[withdraw], &[&node.operator], StakingError::NothingMatured);
}

#[test]
fn cooldown_not_over_rejects() {
    let mut scene = Scene::new();
    let node = scene.node.clone();
    scene.unbond(&node, 5);
    let withdraw = scene.unstake_instruction(&node);
    scene.pass(PARAMS.unbonding_secs - 1);
    scene.refuse(from_ref(&withdraw), &[&node.operator], StakingError::NothingMatured);
    scene.pass(1);
    let twice = [withdraw.clone(), withdraw.clone()];
    scene.refuse(&twice, &[&node.operator], StakingError::NothingMatured);
    scene.act(withdraw, &node.operator);
}

/// A zoo in which both nodes have matured stake to withdraw.
fn matured() -> Zoo {
    let mut zoo = Zoo::new();
    let (node, other) = (zoo.node.clone(), zoo.other_node.clone());
    zoo.unbond(&node, 5);
    zoo.unbond(&other, 5);
    zoo.pass(PARAMS.unbonding_secs);
    zoo
}

#[test]
fn stranger_rejects() {
    let mut zoo = matured();
    let stranger = zoo.stranger.insecure_clone();
    let mut withdraw = zoo.unstake_instruction(&zoo.node);
    withdraw.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[withdraw], &[&stranger], StakingError::NotOwner);
}

#[test]
fn position_of_another_operator_rejects() {
    let mut zoo = matured();
    let node = zoo.node.clone();
    let mut withdraw = zoo.unstake_instruction(&node);
    withdraw.accounts[1].pubkey = zoo.other_node.position();
    withdraw.accounts[2].pubkey = zoo.other_node.stake_vault();
    zoo.refuse(&[withdraw], &[&node.operator], StakingError::NotOwner);
}

#[test]
fn other_mint_rejects() {
    let mut zoo = matured();
    let (node, mint) = (zoo.node.clone(), zoo.payment_mint);
    for (place, address) in [(3, mint), (4, node.payout)] {
        let mut withdraw = zoo.unstake_instruction(&node);
        withdraw.accounts[place].pubkey = address;
        zoo.refuse(&[withdraw], &[&node.operator], StakingError::OtherMint);
    }
}

#[test]
fn every_substitute_but_the_destination_rejects() {
    let zoo = matured();
    let withdraw = zoo.unstake_instruction(&zoo.node);
    let names = [
        "owner",
        "position",
        "vault",
        "mint",
        "destination",
        "token_program",
        "event_authority",
        "program",
    ];
    // The owner may send its stake wherever it likes.
    let tokens = zoo.tokens_of(&zoo.stake_mint, &["node's stake vault"]);
    let meant: Vec<_> = tokens.iter().map(|name| ("destination", name.as_str())).collect();
    zoo.sweep(&[withdraw], &[&zoo.node.operator], &names, &meant);
}
