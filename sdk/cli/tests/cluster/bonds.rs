//! Bonds: posted with the first session, drawn on, posted anew, released.

use crate::cluster::{Cluster, USDC};
use crate::settlement::Paid;
use heliograph_client::account;
use heliograph_registry::state::Node;

const HOUR_SECS: i64 = 3_600;

#[tokio::test(flavor = "multi_thread")]
async fn bonds_are_posted_drawn_on_posted_anew_and_released() {
    let cluster = Cluster::start("").await;
    // Five are deposited; the first session puts what the network asks for behind its channel.
    let paid = Paid::open(&cluster).await;
    let node: Node = account::get(&cluster.rpc, &paid.session.node).await.unwrap();
    let key = node.node_key.to_string();
    let held = || {
        let status = cluster.ok("app", &["app", "status"]);
        let escrow = &status["escrow"];
        let amount = |name: &str| escrow[name].as_u64().unwrap();
        (amount("available_micro_usdc"), amount("bonded_micro_usdc"))
    };
    assert_eq!(held(), (4 * USDC, USDC));
    let status = cluster.ok("app", &["app", "status"]);
    assert_eq!(status["bonds"][0]["channel"], paid.session.channel.to_string());
    cluster.refused("app", &["app", "bond", &key], 64, "nothing to add");
    cluster.refused("app", &["app", "bond", &key, "4.1"], 64, "4.000000 USDC available");
    let posted = cluster.ok("app", &["app", "bond", &key, "3.5"]);
    assert_eq!(posted["bond_micro_usdc"], 4_500_000);
    assert_eq!(held(), (500_000, 4_500_000));
    cluster.refused("operator", &["app", "bond", &key], 64, "has no app");

    // A session's cap is one; what the escrow lacks comes out of the bond.
    let (voucher, _) = paid.voucher("first", USDC, "voucher");
    assert_eq!(cluster.ok("app", &["voucher", "show", &voucher])["settles_micro_usdc"], USDC);
    cluster.ok("operator", &["voucher", "redeem", &voucher]);
    assert_eq!(held(), (0, 4 * USDC));
    for session in 0..4 {
        let paid = Paid::another(&cluster).await;
        let (voucher, _) = paid.voucher(&format!("more {session}"), USDC, "voucher");
        cluster.ok("operator", &["voucher", "redeem", &voucher]);
    }
    assert_eq!(held(), (0, 0));
    let open = ["session", "open", "--cap", "1"];
    cluster.refused("app", &open, 64, "asks for a bond of 1.000000 USDC");
    cluster.ok("app", &["app", "deposit", "3"]);
    let posted = cluster.ok("app", &["app", "bond", &key]);
    assert_eq!((&posted["bond_micro_usdc"], held()), (&USDC.into(), (2 * USDC, USDC)));

    // It stays until the last voucher of the longest session could have been redeemed.
    let waiting = cluster.early("app", &["app", "bond", &key, "--release"]);
    assert_eq!(waiting["bond_micro_usdc"], USDC);
    cluster.travel((100 + 24) * HOUR_SECS + 60).await;
    let released = cluster.ok("app", &["app", "bond", &key, "--release"]);
    assert_eq!((&released["bond_micro_usdc"], held()), (&0.into(), (3 * USDC, 0)));
    cluster.refused("app", &["app", "bond", &key, "--release"], 64, "has no bond");
    let other = cluster.node("other", "other-node").await;
    cluster.refused("app", &["app", "bond", &other, "1"], 64, "has no channel");
}
