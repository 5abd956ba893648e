use heliograph_registry::NodeProfile;
use heliograph_registry::events::NodeRegistered;
use heliograph_registry::state::{ENDPOINT_LEN_MAX, Node, NodeStatus, REGION_LEN_MAX};
use heliograph_tests::parties::profile;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::{NodeParty, World};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What a fresh node of `party` with `profile` holds.
fn fresh(party: &NodeParty, profile: NodeProfile) -> Node {
    let key = party.node_key.pubkey();
    Node {
        version: 1,
        bump: Pubkey::find_program_address(&[b"node", key.as_ref()], &heliograph_registry::ID).1,
        status: NodeStatus::Pending,
        node_key: key,
        operator: party.operator.pubkey(),
        payout: party.payout,
        services: profile.services,
        prices_micro_usdc: profile.prices_micro_usdc,
        country: profile.country,
        attestation_class: 0,
        capacity: profile.capacity,
        private_app: profile.private_app,
        stake: 0,
        registered_at: BEGINNING,
        status_changed_at: BEGINNING,
        jailed_until: 0,
        region: profile.region,
        endpoint: profile.endpoint,
        reserved: [0; 128],
    }
}

#[test]
fn node_is_registered_pending() {
    let mut world = World::new();
    let node = world.operator("node");
    let done = world.register(&node, profile());
    world.holds(&node.address, &fresh(&node, profile()));
    done.emitted(&NodeRegistered {
        node: node.address,
        node_key: node.node_key.pubkey(),
        operator: node.operator.pubkey(),
        payout: node.payout,
        services: profile().services,
        prices_micro_usdc: profile().prices_micro_usdc,
        country: profile().country,
        registered_at: BEGINNING,
    });
}

#[test]
fn longest_texts_fit_the_account() {
    let mut world = World::new();
    let node = world.operator("node");
    let longest = NodeProfile {
        region: "r".repeat(REGION_LEN_MAX),
        endpoint: "e".repeat(ENDPOINT_LEN_MAX),
        prices_micro_usdc: [u64::MAX; 4],
        capacity: u32::MAX,
        ..profile()
    };
    world.register(&node, longest.clone());
    world.holds(&node.address, &fresh(&node, longest));
}

#[test]
fn region_may_be_empty() {
    let mut world = World::new();
    let node = world.operator("node");
    let nowhere = NodeProfile { region: String::new(), ..profile() };
    world.register(&node, nowhere.clone());
    world.holds(&node.address, &fresh(&node, nowhere));
}
