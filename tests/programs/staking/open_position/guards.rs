use heliograph_client::instruction::staking::open_position;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_staking::error::StakingError;
use heliograph_tests::reason::already_in_use;
use heliograph_tests::{World, Zoo, key};
use solana_signer::Signer;

#[test]
fn second_position_of_a_node_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    world.open_position(&node);
    let again = open_position(node.operator.pubkey(), node.address, world.stake_mint);
    world.refuse(&[again], &[&node.operator], already_in_use());
}

#[test]
pub fn stranger_rejects() {
    let mut world = World::new();
    let (node, stranger) = (world.registered("node"), world.wallet("stranger"));
    let open = open_position(stranger.pubkey(), node.address, world.stake_mint);
    world.refuse(&[open], &[&stranger], StakingError::NotSubjectOwner);
}

#[test]
fn node_key_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    world.fund(&node.node_key.pubkey());
    let open = open_position(node.node_key.pubkey(), node.address, world.stake_mint);
    world.refuse(&[open], &[&node.node_key], StakingError::NotSubjectOwner);
}

#[test]
fn other_mint_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    for mint in [world.payment_mint, world.other_mint] {
        let open = open_position(node.operator.pubkey(), node.address, mint);
        world.refuse(&[open], &[&node.operator], StakingError::OtherMint);
    }
}

#[test]
pub fn network_of_another_staking_program_rejects() {
    let mut world = World::bare();
    let staking_program = key("another staking program").pubkey();
    let args = InitializeNetworkArgs { staking_program, ..world.network_args() };
    world.initialize(args);
    let node = world.registered("node");
    let open = open_position(node.operator.pubkey(), node.address, world.stake_mint);
    world.refuse(&[open], &[&node.operator], StakingError::OtherStakingProgram);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.registered("third");
    let open = open_position(node.operator.pubkey(), node.address, zoo.stake_mint);
    let names = [
        "owner",
        "network",
        "subject",
        "position",
        "mint",
        "vault",
        "token_program",
        "system_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[open], &[&node.operator], &names, &[]);
}
