//! Cases, with the periods of a public network.

use crate::cluster::{Cluster, USDC};
use crate::settlement::Paid;
use heliograph_client::account;
use heliograph_client::evidence::sign;
use heliograph_protocol::receipt::Receipt;
use heliograph_settlement::state::Escrow;
use serde_json::{Value, json};

const HOUR_SECS: i64 = 3_600;
/// What a case leaves for vouchers to be shown, and again to restore.
const WINDOW_SECS: i64 = 8 * HOUR_SECS;

fn text<'a>(document: &'a Value, name: &str) -> &'a str {
    document[name].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn settler_is_tried_and_the_app_has_its_money_again() {
    let cluster = Cluster::start("").await;
    let paid = Paid::open(&cluster).await;
    let settler = cluster.keeper("settler", "owner", "settler").await;
    let key_file = cluster.path("settler.json");
    cluster.ok("owner", &["settler", "open-book", "--keeper-key", &key_file]);
    cluster.travel(60).await;
    let (_, mut forged) = paid.voucher("forged", 8_000, "voucher");
    forged["evidence"] = "00".repeat(32).into();
    let leaves = cluster.write("leaves.json", json!([forged]).to_string());
    let post = ["batch", "post", "--keeper-key", &key_file, "--leaves", &leaves];
    let minute = cluster.ok("owner", &post)["minute_index"].to_string();
    cluster.travel(HOUR_SECS + 1).await;
    cluster.ok("owner", &["batch", "claim", &settler, &minute, "--leaves", &leaves]);
    assert_eq!(paid.settled().await, 8_000);

    let opened = cluster.ok("app", &["challenge", "open", &settler, &minute, "0"]);
    let challenge = text(&opened, "challenge");
    let open = ["case", "open", "challenge", challenge];
    cluster.refused("app", &open, 64, "the settler can still answer");
    cluster.travel(6 * HOUR_SECS + 1).await;
    cluster.ok("app", &["challenge", "fail", challenge]);

    assert_eq!(cluster.ok("app", &["case", "show"]), json!([]));
    let opened = cluster.ok("app", &open);
    let case = text(&opened, "case");
    // A fifth of the bond, and all of it held.
    let bond = 1_000 * USDC;
    assert_eq!(
        (&opened["penalty_units"], &opened["held_units"]),
        (&(bond / 5).into(), &bond.into())
    );
    cluster.refused("app", &open, 2, "CaseUnderWay");
    assert_eq!(cluster.ok("app", &["keeper", "status", &settler])["status"], "jailed");
    assert!(cluster.early("app", &["case", "restore", case])["wait_secs"].as_i64().unwrap() > 0);
    cluster.travel(WINDOW_SECS + 1).await;
    let before = escrow(&cluster, &paid).await;
    let restored = cluster.ok("app", &["case", "restore", case]);
    assert_eq!(restored["restored_micro_usdc"], 8_000);
    assert_eq!(restored["restored"][0]["session"], paid.address.to_string());
    assert_eq!(escrow(&cluster, &paid).await, before + 8_000);
    assert_eq!(cluster.ok("app", &["case", "restore", case])["restored"], json!([]));

    assert!(cluster.early("app", &["case", "decide", case])["wait_secs"].as_i64().unwrap() > 0);
    cluster.refused("app", &["case", "close", case], 64, "the case is open");
    cluster.travel(WINDOW_SECS + 1).await;
    let decided = cluster.ok("app", &["case", "decide", case]);
    assert_eq!((&decided["status"], &decided["convictions"]), (&"guilty".into(), &1.into()));
    cluster.refused("app", &["case", "decide", case], 64, "decided: guilty");
    assert_eq!(cluster.ok("app", &["case", "show", case])["status"], "guilty");
    let closed = cluster.ok("owner", &["case", "close", case]);
    assert_eq!(text(&closed, "bond_to"), text(&cluster.ok("app", &["key", "show"]), "pubkey"));
    assert_eq!(cluster.ok("app", &["case", "show"]), json!([]));
}

async fn escrow(cluster: &Cluster, paid: &Paid<'_>) -> u64 {
    let address = heliograph_client::pda::escrow(&paid.session.app);
    let escrow: Escrow = account::get(&cluster.rpc, &address).await.unwrap();
    escrow.available_micro_usdc().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn node_that_signed_a_minute_twice_is_punished_once() {
    let cluster = Cluster::start("").await;
    let paid = Paid::open(&cluster).await;
    let file = |name: &str, amount: u64, signer: &str| {
        let receipt = receipt(&paid, amount);
        let key = cluster.keypair(signer);
        let signed = sign(&receipt, &cluster.network.domain(), &key).unwrap();
        cluster.write(name, borsh::to_vec(&signed).unwrap())
    };
    let (one, other) = (file("one", 1_000, "node"), file("other", 2_000, "node"));
    let (stranger, strangers) = (file("3", 3_000, "operator"), file("4", 4_000, "operator"));
    let open = |a: &str, b: &str| {
        let command = ["case", "open", "equivocation", a, b];
        cluster.run("app", &command)
    };
    for (a, b, words) in [
        (&one, &one, "ReceiptsAgree"),
        (&one, &stranger, "signed by two keys"),
        (&stranger, &strangers, "OtherSigner"),
        (&one, &cluster.path("app.json"), "no signed message"),
    ] {
        let (code, document) = open(a, b);
        assert_ne!(code, 0, "{document:#}");
        assert!(document["error"]["message"].as_str().unwrap().contains(words), "{document:#}");
    }
    let (code, opened) = open(&one, &other);
    assert_eq!(code, 0, "{opened:#}");
    // Half of the stake.
    assert_eq!(opened["penalty_units"], 500 * crate::cluster::TOKEN);
    let case = text(&opened, "case");
    cluster.ok("app", &["case", "decide", case]);
    let node = cluster.path("node.json");
    let status = cluster.ok("app", &["node", "status", &node]);
    assert_eq!(status["status"], "jailed", "{status:#}");
    let (code, again) = open(&other, &one);
    assert_ne!(code, 0);
    assert!(again["error"]["message"].as_str().unwrap().contains("AlreadyPunished"), "{again:#}");
    cluster.ok("app", &["case", "close", case]);
}

fn receipt(paid: &Paid<'_>, amount_micro_usdc: u64) -> Receipt {
    let minute_index = paid.session.opened_at as u64 / 60;
    let closed_at_unix_ms = minute_index * 60_000;
    Receipt {
        channel: paid.session.channel.to_bytes(),
        session: paid.address.to_bytes(),
        sequence: 0,
        minute_index,
        opened_at_unix_ms: closed_at_unix_ms,
        closed_at_unix_ms,
        media_start_sample: 0,
        media_end_sample: 0,
        usage: Default::default(),
        quality: Default::default(),
        records_count: 0,
        records_root: [0; 32],
        amount_micro_usdc,
        cumulative_micro_usdc: amount_micro_usdc,
        previous_receipt_hash: [0; 32],
    }
}
