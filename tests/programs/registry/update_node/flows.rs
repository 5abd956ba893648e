use heliograph_registry::NodeProfile;
use heliograph_registry::events::NodeUpdated;
use heliograph_registry::state::Node;
use heliograph_tests::parties::profile;
use heliograph_tests::{World, key};
use solana_signer::Signer;

#[test]
fn profile_and_payout_are_replaced() {
    let mut world = World::new();
    let (mut node, mint) = (world.node("node"), world.payment_mint);
    let before: Node = world.read(&node.address);
    world.pass(60);
    node.payout = world.create_tokens(&key("cold wallet").pubkey(), &mint);
    let next = NodeProfile {
        services: 1,
        prices_micro_usdc: [1, 2, 3, 4],
        country: *b"AT",
        region: String::new(),
        endpoint: "https://moved.example".to_owned(),
        capacity: 7,
        private_app: key("an app").pubkey(),
    };
    let done = world.update(&node, next.clone());
    let after = Node {
        payout: node.payout,
        services: next.services,
        prices_micro_usdc: next.prices_micro_usdc,
        country: next.country,
        region: next.region,
        endpoint: next.endpoint,
        capacity: next.capacity,
        private_app: next.private_app,
        ..before
    };
    world.holds(&node.address, &after);
    done.emitted(&NodeUpdated {
        node: node.address,
        payout: node.payout,
        services: 1,
        old_prices_micro_usdc: profile().prices_micro_usdc,
        prices_micro_usdc: [1, 2, 3, 4],
        country: *b"AT",
    });
}

#[test]
fn shorter_texts_leave_nothing_of_the_longer() {
    let mut world = World::new();
    let node = world.operator("node");
    let long = NodeProfile { region: "r".repeat(32), endpoint: "e".repeat(128), ..profile() };
    world.register(&node, long);
    let long: Node = world.read(&node.address);
    let short = NodeProfile { region: String::new(), endpoint: "x".to_owned(), ..profile() };
    world.update(&node, short);
    // The account's own fields end earlier now; what lies behind them is not read by anybody.
    let now: Node = world.read(&node.address);
    assert_eq!((now.region.as_str(), now.endpoint.as_str()), ("", "x"));
    assert_eq!(now.reserved, long.reserved);
}
