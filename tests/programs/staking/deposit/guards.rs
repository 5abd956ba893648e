use heliograph_client::instruction::staking;
use heliograph_staking::error::StakingError;
use heliograph_tests::parties::OPERATOR_WALLET;
use heliograph_tests::reason::{not_token_owner, too_few_tokens};
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

#[test]
pub fn zero_rejects() {
    let mut scene = Scene::new();
    let node = scene.node.clone();
    let deposit = scene.stake_instruction(&node, 0);
    scene.refuse(&[deposit], &[&node.operator], StakingError::AmountZero);
}

#[test]
pub fn overflow_rejects() {
    let mut scene = Scene::new();
    let node = scene.node.clone();
    let deposit = scene.stake_instruction(&node, u64::MAX);
    scene.refuse(&[deposit], &[&node.operator], StakingError::Overflow);
}

#[test]
fn more_than_the_wallet_holds_rejects() {
    let mut scene = Scene::new();
    let node = scene.node.clone();
    let deposit = scene.stake_instruction(&node, OPERATOR_WALLET);
    scene.refuse(&[deposit], &[&node.operator], too_few_tokens());
}

#[test]
fn tokens_of_somebody_else_reject() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let (operator, victim) = (node.operator.pubkey(), zoo.other_node.stake_wallet);
    let deposit = staking::deposit(operator, node.address, zoo.stake_mint, victim, 1);
    zoo.refuse(&[deposit], &[&node.operator], not_token_owner());
}

#[test]
pub fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let mut deposit = zoo.stake_instruction(&zoo.node, 1);
    deposit.accounts[0].pubkey = stranger.pubkey();
    zoo.refuse(&[deposit], &[&stranger], StakingError::NotOwner);
}

#[test]
pub fn other_node_rejects() {
    // The stake of one's own position, credited to another node.
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let mut deposit = zoo.stake_instruction(&node, 1);
    deposit.accounts[2].pubkey = zoo.other_node.address;
    zoo.refuse(&[deposit], &[&node.operator], StakingError::OtherSubject);
}

#[test]
pub fn other_mint_rejects() {
    let mut zoo = Zoo::new();
    let (node, mint) = (zoo.node.clone(), zoo.payment_mint);
    for (place, address) in [(4, mint), (6, node.payout)] {
        let mut deposit = zoo.stake_instruction(&node, 1);
        deposit.accounts[place].pubkey = address;
        zoo.refuse(&[deposit], &[&node.operator], StakingError::OtherMint);
    }
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let deposit = zoo.stake_instruction(&zoo.node, 1);
    let names = [
        "owner",
        "network",
        "subject",
        "position",
        "mint",
        "vault",
        "source",
        "recorder.stake_recorder",
        "recorder.registry_event_authority",
        "recorder.registry_program",
        "token_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[deposit], &[&zoo.node.operator], &names, &[]);
}
