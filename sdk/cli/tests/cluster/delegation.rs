//! Delegating to a node, being rewarded, and leaving.

use crate::cluster::{Cluster, DAY_SECS, TOKEN, USDC};
use heliograph_client::pda;

#[tokio::test(flavor = "multi_thread")]
async fn delegators_earn_by_their_shares_and_leave_after_the_cooldown() {
    let cluster = Cluster::start("").await;
    let node = cluster.node("operator", "node").await;
    let operator = cluster.keypair("operator");
    cluster.fund(&solana_signer::Signer::pubkey(&operator), 0, 10 * USDC).await;
    let (ann, bob) = (cluster.wallet("ann").await, cluster.wallet("bob").await);
    cluster.fund(&ann, 300 * TOKEN, 0).await;
    cluster.fund(&bob, 100 * TOKEN, 0).await;

    cluster.refused("operator", &["stake", "add-rewards", &node, "4"], 64, "nobody has delegated");
    cluster.refused("ann", &["stake", "delegation", &node], 64, "delegated nothing");
    cluster.refused("ann", &["stake", "delegate", &node, "300.5"], 64, "holds 300.000000000");
    let delegated = cluster.ok("ann", &["stake", "delegate", &node, "299.5"]);
    assert_eq!(
        (&delegated["shares"], &delegated["worth"]),
        (&(299_500_000_000u64).into(), &(299_500_000_000u64).into())
    );
    cluster.ok("ann", &["stake", "delegate", &node, "0.5"]);
    cluster.ok("bob", &["stake", "delegate", &node, "100"]);

    cluster.refused("ann", &["stake", "claim-rewards", &node], 64, "earned nothing");
    cluster.refused("operator", &["stake", "add-rewards", &node, "11"], 64, "holds 10.000000 USDC");
    let added = cluster.ok("operator", &["stake", "add-rewards", &node, "4"]);
    assert_eq!(added["earning_shares"], 400 * TOKEN);
    let rewards = cluster.ok("bob", &["stake", "rewards", &node]);
    let earned: Vec<u64> = rewards["delegators"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["rewards_micro_usdc"].as_u64().unwrap())
        .collect();
    // By shares, rounded down: three quarters are Ann's.
    assert_eq!(rewards["rewards_vault_micro_usdc"], 4 * USDC);
    assert!(
        earned[0] >= 3 * USDC - 1 && earned[1] >= USDC - 1 && earned[0] + earned[1] <= 4 * USDC,
        "{earned:?}"
    );
    let claimed = cluster.ok("ann", &["stake", "claim-rewards", &node]);
    assert_eq!(claimed["claimed_micro_usdc"], earned[0]);
    let wallet = pda::token_account(&ann, &cluster.network.payment_mint);
    assert_eq!(cluster.rpc.token_balance(&wallet).await.unwrap(), Some(earned[0]));
    cluster.refused("ann", &["stake", "claim-rewards", &node], 64, "earned nothing");

    cluster.refused("ann", &["stake", "withdraw-delegation", &node], 64, "on its way out");
    cluster.refused("ann", &["stake", "undelegate", &node, "301"], 64, "worth 300.000000000");
    let left = cluster.ok("ann", &["stake", "undelegate", &node, "100"]);
    assert_eq!(
        (&left["undelegating_shares"], &left["shares_left"]),
        (&(100 * TOKEN).into(), &(200 * TOKEN).into())
    );
    let early = cluster.early("ann", &["stake", "withdraw-delegation", &node]);
    assert_eq!(early["next_shares"], 100 * TOKEN);
    cluster.travel(7 * DAY_SECS + 1).await;
    let withdrawn = cluster.ok("ann", &["stake", "withdraw-delegation", &node]);
    assert_eq!(withdrawn["withdrawn"], 100 * TOKEN);

    cluster.refused("ann", &["stake", "close-delegation", &node], 64, "holds shares");
    cluster.ok("ann", &["stake", "undelegate", &node]);
    let shown = cluster.ok("ann", &["stake", "delegation", &node]);
    assert_eq!(
        (&shown["shares"], &shown["undelegating"][0]["worth"]),
        (&0.into(), &(200 * TOKEN).into())
    );
    cluster.travel(7 * DAY_SECS + 1).await;
    cluster.ok("ann", &["stake", "withdraw-delegation", &node]);
    cluster.ok("ann", &["stake", "close-delegation", &node]);
    cluster.refused("ann", &["stake", "delegation", &node], 64, "delegated nothing");
    let held = pda::token_account(&ann, &cluster.network.stake_mint);
    assert_eq!(cluster.rpc.token_balance(&held).await.unwrap(), Some(300 * TOKEN));
}
