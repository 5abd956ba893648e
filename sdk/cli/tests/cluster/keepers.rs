//! Observers and settlers, and the stake behind them.

use crate::cluster::{Cluster, DAY_SECS, TOKEN, USDC};

#[tokio::test(flavor = "multi_thread")]
async fn keepers_register_bond_work_and_leave() {
    let cluster = Cluster::start("").await;
    let owner = cluster.wallet("owner").await;
    cluster.fund(&owner, 600 * TOKEN, 1_500 * USDC).await;
    let key = cluster.wallet("key").await.to_string();
    let file = cluster.path("key.json");
    let payout = cluster.wallet("payout").await.to_string();
    let register = |role| {
        [
            "keeper",
            "register",
            "--role",
            role,
            "--keeper-key",
            &file,
            "--payout",
            &payout,
            "--endpoint",
            "https://keeper.example",
        ]
    };

    let settler = cluster.ok("owner", &register("settler"));
    assert_eq!(
        (&settler["role"], &settler["keeper_key"]),
        (&"settler".into(), &key.as_str().into())
    );
    cluster.refused("owner", &register("settler"), 64, "registered as settler already");
    cluster.refused("owner", &["keeper", "activate", &file], 2, "StakeBelowMinimum");
    cluster.refused("owner", &["stake", "unbond", &file], 64, "no stake behind it");
    cluster.refused("owner", &["stake", "deposit", &file, "1500.1"], 64, "holds 1500.000000");

    // A settler's bond is USDC.
    let bonded = cluster.ok("owner", &["stake", "deposit", &file, "999.5"]);
    assert_eq!((&bonded["role"], &bonded["decimals"]), (&"settler".into(), &6.into()));
    assert_eq!(bonded["mint"], cluster.network.payment_mint.to_string());
    cluster.refused("owner", &["keeper", "activate", &file], 2, "StakeBelowMinimum");
    cluster.ok("owner", &["stake", "deposit", &file, "0.5"]);
    let active = cluster.ok("owner", &["keeper", "activate", &file]);
    assert_eq!((&active["from"], &active["to"]), (&"pending".into(), &"active".into()));
    assert_eq!(cluster.ok("owner", &["keeper", "activate", &key])["change"], "unchanged");

    // The same key as an observer: then the role must be said.
    cluster.ok("owner", &register("observer"));
    cluster.refused("owner", &["stake", "deposit", &key, "500"], 64, "--role");
    cluster.refused("owner", &["keeper", "status", &key], 64, "--role");
    let staked = cluster.ok("owner", &["stake", "deposit", &key, "500", "--role", "observer"]);
    assert_eq!(
        (&staked["mint"], &staked["decimals"]),
        (&cluster.network.stake_mint.to_string().into(), &9.into())
    );
    cluster.ok("owner", &["keeper", "activate", &key, "--role", "observer"]);
    let all = cluster.ok("owner", &["keeper", "status"]);
    let roles: Vec<&str> =
        all.as_array().unwrap().iter().map(|keeper| keeper["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["observer", "settler"]);

    // A stranger changes nothing; the owner changes what it names.
    cluster.wallet("stranger").await;
    let observer = ["--role", "observer"];
    let suspend = [&["keeper", "suspend", key.as_str()][..], &observer].concat();
    cluster.refused("stranger", &suspend, 2, "NotKeeperOwner");
    let update = [&["keeper", "update", key.as_str()][..], &observer].concat();
    cluster.refused("owner", &update, 64, "nothing would change");
    cluster.ok("owner", &[&update[..], &["--endpoint", "https://new.example"]].concat());
    assert_eq!(cluster.ok("owner", &suspend)["to"], "pending");
    let shown = cluster.ok("owner", &[&["keeper", "status", key.as_str()][..], &observer].concat());
    assert_eq!(shown["endpoint"], "https://new.example");
    assert_eq!((&shown["status"], &shown["stake"]), (&"pending".into(), &(500 * TOKEN).into()));
    let unjail = [&["keeper", "unjail", key.as_str()][..], &observer].concat();
    cluster.refused("owner", &unjail, 64, "is not jailed");

    // Out again: below the bond nothing works, and the cooldown is waited for.
    let settler = ["--role", "settler"];
    let with = |command: &[&'static str]| {
        [command, &[Box::leak(key.clone().into_boxed_str()) as &str], &settler].concat()
    };
    let unbonded = cluster.ok("owner", &with(&["stake", "unbond"]));
    assert_eq!((&unbonded["unbonding"], &unbonded["bonded"]), (&(1_000 * USDC).into(), &0.into()));
    let shown = cluster.ok("owner", &with(&["keeper", "status"]));
    assert_eq!(
        (&shown["status"], &shown["unbonding"]),
        (&"pending".into(), &(1_000 * USDC).into())
    );
    assert_eq!(cluster.early("owner", &with(&["stake", "withdraw"]))["withdrawn"], 0);
    cluster.travel(7 * DAY_SECS + 1).await;
    let withdrawn = cluster.ok("owner", &with(&["stake", "withdraw"]));
    assert_eq!(withdrawn["withdrawn"], 1_000 * USDC);
    cluster.refused("owner", &with(&["stake", "withdraw"]), 64, "nothing is unbonding");
    cluster.ok("owner", &with(&["keeper", "exit"]));
    cluster.refused("owner", &with(&["keeper", "activate"]), 2, "StatusTransition");
}
