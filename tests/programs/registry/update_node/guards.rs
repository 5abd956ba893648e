use super::super::register_node::guards::unusable;
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::update_node;
use heliograph_registry::error::RegistryError;
use heliograph_tests::parties::profile;
use heliograph_tests::reason::in_registry;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn unusable_profile_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    for (profile, why) in unusable() {
        let update = update_node(node.operator.pubkey(), node.address, node.payout, profile);
        world.refuse(&[update], &[&node.operator], why);
    }
}

#[test]
pub fn stranger_rejects() {
    let mut world = World::new();
    let (node, stranger) = (world.registered("node"), world.wallet("stranger"));
    world.fund(&node.node_key.pubkey());
    for signer in [&stranger, &node.node_key] {
        let update = update_node(signer.pubkey(), node.address, node.payout, profile());
        world.refuse(&[update], &[signer], RegistryError::NotOperator);
    }
}

#[test]
fn treasury_as_payout_rejects() {
    let mut world = World::new();
    let (node, treasury) = (world.registered("node"), world.treasury);
    let update = update_node(node.operator.pubkey(), node.address, treasury, profile());
    world.refuse(&[update], &[&node.operator], RegistryError::PayoutIsTreasury);
}

#[test]
fn payout_owned_by_the_node_key_rejects() {
    let mut world = World::new();
    let (node, mint) = (world.registered("node"), world.payment_mint);
    let payout = world.create_tokens(&node.node_key.pubkey(), &mint);
    let update = update_node(node.operator.pubkey(), node.address, payout, profile());
    world.refuse(&[update], &[&node.operator], RegistryError::KeysNotDistinct);
}

#[test]
fn payout_of_another_mint_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    let update = update_node(node.operator.pubkey(), node.address, node.stake_wallet, profile());
    world.refuse(&[update], &[&node.operator], in_registry(ErrorCode::ConstraintTokenMint));
}

#[test]
fn every_substitute_but_the_payout_rejects() {
    let zoo = Zoo::new();
    let node = &zoo.node;
    let update = update_node(node.operator.pubkey(), node.address, node.payout, profile());
    let names = ["operator", "network", "node", "payout", "event_authority", "program"];
    let tokens = zoo.tokens_of(&zoo.payment_mint, &["treasury"]);
    let meant: Vec<_> = tokens.iter().map(|name| ("payout", name.as_str())).collect();
    zoo.sweep(&[update], &[&node.operator], &names, &meant);
}
