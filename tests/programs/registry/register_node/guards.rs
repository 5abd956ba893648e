use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::register_node;
use heliograph_registry::NodeProfile;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::NodeStatus;
use heliograph_tests::parties::profile;
use heliograph_tests::reason::{already_in_use, in_registry};
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

/// Profiles that no client could use, and why.
pub fn unusable() -> Vec<(NodeProfile, RegistryError)> {
    let with = |change: &dyn Fn(&mut NodeProfile)| {
        let mut profile = profile();
        change(&mut profile);
        profile
    };
    let mut cases = Vec::new();
    for services in [0, 0b1_0000, 0b1_0001, 255] {
        cases.push((with(&|p| p.services = services), RegistryError::ServicesInvalid));
    }
    for country in [*b"ch", *b"C ", *b"C1", [0, 0], [b'C', 0xff]] {
        cases.push((with(&|p| p.country = country), RegistryError::CountryInvalid));
    }
    for endpoint in ["", "a b", "tab\t", "newline\n", "ümlaut", "nul\0", &"x".repeat(129)] {
        let endpoint = endpoint.to_owned();
        cases.push((with(&|p| p.endpoint.clone_from(&endpoint)), RegistryError::EndpointInvalid));
    }
    for region in ["a b", "ümlaut", "\u{7f}", &"x".repeat(33)] {
        let region = region.to_owned();
        cases.push((with(&|p| p.region.clone_from(&region)), RegistryError::RegionInvalid));
    }
    cases.push((with(&|p| p.capacity = 0), RegistryError::CapacityZero));
    cases
}

#[test]
pub fn unusable_profile_rejects() {
    let mut world = World::new();
    let node = world.operator("node");
    for (profile, why) in unusable() {
        let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
        let register = register_node(operator, key, node.payout, profile);
        world.refuse(&[register], &[&node.operator, &node.node_key], why);
    }
}

#[test]
fn key_registered_already_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    let thief = world.operator("thief");
    for operator in [&node, &thief] {
        let register = register_node(
            operator.operator.pubkey(),
            node.node_key.pubkey(),
            operator.payout,
            profile(),
        );
        world.refuse(&[register], &[&operator.operator, &node.node_key], already_in_use());
    }
}

#[test]
fn key_of_a_node_that_left_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    world.set_status(&node, NodeStatus::Exited);
    let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
    let register = register_node(operator, key, node.payout, profile());
    world.refuse(&[register], &[&node.operator, &node.node_key], already_in_use());
}

#[test]
fn key_that_does_not_sign_rejects() {
    let mut world = World::new();
    let node = world.operator("node");
    let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
    let mut register = register_node(operator, key, node.payout, profile());
    register.accounts[1].is_signer = false;
    let why = in_registry(ErrorCode::AccountNotSigner);
    world.refuse(&[register], &[&node.operator], why);
}

#[test]
pub fn one_key_for_operator_and_node_rejects() {
    let mut world = World::new();
    let node = world.operator("node");
    let operator = node.operator.pubkey();
    let register = register_node(operator, operator, node.payout, profile());
    world.refuse(&[register], &[&node.operator], RegistryError::KeysNotDistinct);
}

#[test]
fn payout_owned_by_the_node_key_rejects() {
    let mut world = World::new();
    let (node, mint) = (world.operator("node"), world.payment_mint);
    let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
    let payout = world.create_tokens(&key, &mint);
    let register = register_node(operator, key, payout, profile());
    let signers = [&node.operator, &node.node_key];
    world.refuse(&[register], &signers, RegistryError::KeysNotDistinct);
}

#[test]
pub fn treasury_as_payout_rejects() {
    let mut world = World::new();
    let (node, treasury) = (world.operator("node"), world.treasury);
    let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
    let register = register_node(operator, key, treasury, profile());
    let signers = [&node.operator, &node.node_key];
    world.refuse(&[register], &signers, RegistryError::PayoutIsTreasury);
}

#[test]
fn payout_of_another_mint_rejects() {
    let mut world = World::new();
    let node = world.operator("node");
    let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
    let register = register_node(operator, key, node.stake_wallet, profile());
    let why = in_registry(ErrorCode::ConstraintTokenMint);
    world.refuse(&[register], &[&node.operator, &node.node_key], why);
}

#[test]
fn every_substitute_but_operator_and_payout_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.operator("third");
    let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
    let register = register_node(operator, key, node.payout, profile());
    let names = [
        "operator",
        "node_key",
        "network",
        "node",
        "payout",
        "system_program",
        "event_authority",
        "program",
    ];
    // Whoever signs beside the key is the operator; it chooses where its money goes.
    let tokens = zoo.tokens_of(&zoo.payment_mint, &["treasury"]);
    let mut meant: Vec<_> = tokens.iter().map(|name| ("payout", name.as_str())).collect();
    for owner in [
        "stranger 0",
        "stranger 1",
        "stranger 2",
        "stranger 3",
        "other app's authority",
        "other node's operator",
        "other settler's owner",
    ] {
        meant.push(("operator", owner));
    }
    zoo.sweep(&[register], &[&node.operator, &node.node_key], &names, &meant);
}
