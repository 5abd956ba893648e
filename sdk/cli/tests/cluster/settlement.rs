//! Vouchers, books, batches and challenges, with the periods of a public network.

use crate::cluster::{Cluster, DAY_SECS, USDC};
use heliograph_client::evidence::sign;
use heliograph_client::{account, pda};
use heliograph_protocol::batch::evidence;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Session;
use serde_json::{Value, json};
use solana_pubkey::Pubkey;

const HOUR_SECS: i64 = 3_600;

/// An app's session with a node.
pub struct Paid<'a> {
    cluster: &'a Cluster,
    pub address: Pubkey,
    pub session: Session,
}

impl<'a> Paid<'a> {
    pub async fn open(cluster: &'a Cluster) -> Self {
        cluster.node("operator", "node").await;
        let app = cluster.wallet("app").await;
        cluster.wallet("voucher").await;
        cluster.fund(&app, 0, 100 * USDC).await;
        let signer = cluster.path("voucher.json");
        cluster.ok("app", &["app", "create", "--voucher-signer", &signer]);
        cluster.ok("app", &["app", "deposit", "5"]);
        Self::another(cluster).await
    }

    /// One more session of the app with the node.
    pub async fn another(cluster: &'a Cluster) -> Self {
        let opened = cluster.ok("app", &["session", "open", "--cap", "1", "--hours", "100"]);
        let address = opened["session"].as_str().unwrap().parse().unwrap();
        let session = account::get(&cluster.rpc, &address).await.unwrap();
        Self { cluster, address, session }
    }

    /// The file of a voucher over `micro_usdc`, and the leaf that it stands behind.
    pub fn voucher(&self, name: &str, micro_usdc: u64, signer: &str) -> (String, Value) {
        let voucher = Voucher {
            channel: self.session.channel.to_bytes(),
            session: self.address.to_bytes(),
            sequence: 0,
            cumulative_micro_usdc: micro_usdc,
            receipt_hash: [7; 32],
        };
        let key = self.cluster.keypair(signer);
        let signed = sign(&voucher, &self.cluster.network.domain(), &key).unwrap();
        let file = self.cluster.write(name, borsh::to_vec(&signed).unwrap());
        let leaf = json!({
            "app": self.session.app.to_string(),
            "node": self.session.node.to_string(),
            "session": self.address.to_string(),
            "cumulative_micro_usdc": micro_usdc,
            "evidence": hex::encode(evidence(&voucher.receipt_hash, &signed.hash())),
        });
        (file, leaf)
    }

    pub async fn settled(&self) -> u64 {
        let session: Session = account::get(&self.cluster.rpc, &self.address).await.unwrap();
        session.totals.settled_micro_usdc
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn vouchers_are_shown_redeemed_and_proven() {
    let cluster = Cluster::start("").await;
    let paid = Paid::open(&cluster).await;
    let (first, _) = paid.voucher("first", 5_000, "voucher");
    let (second, _) = paid.voucher("second", 9_000, "voucher");
    let (forged, _) = paid.voucher("forged", 9_000, "operator");
    let (large, _) = paid.voucher("large", USDC + 1, "voucher");

    let shown = cluster.ok("operator", &["voucher", "show", &first]);
    assert_eq!((&shown["settles_micro_usdc"], &shown["refusal"]), (&5_000.into(), &Value::Null));
    let settled = cluster.ok("operator", &["voucher", "redeem", &first]);
    assert_eq!((&settled["settled_micro_usdc"], paid.settled().await), (&5_000.into(), 5_000));
    cluster.refused("operator", &["voucher", "redeem", &first], 64, "0.005000 USDC are settled");
    cluster.refused("operator", &["voucher", "redeem", &forged], 64, "the session's signer is");
    cluster.refused("operator", &["voucher", "redeem", &large], 64, "cap is 1.000000 USDC");
    cluster.refused("operator", &["voucher", "redeem", "nowhere"], 2, "cannot read nowhere");
    let key = cluster.path("app.json");
    cluster.refused("operator", &["voucher", "redeem", &key], 64, "no signed message");
    let refusal = cluster.ok("operator", &["voucher", "show", &forged]);
    assert!(refusal["refusal"].as_str().unwrap().contains("signed by"), "{refusal:#}");

    let proven = cluster.ok("operator", &["voucher", "prove", &second]);
    assert_eq!((&proven["proven_micro_usdc"], paid.settled().await), (&9_000.into(), 5_000));
    cluster.refused("operator", &["voucher", "prove", &first], 64, "proven already");

    // From an archive, by its hash.
    let hash = cluster.ok("operator", &["voucher", "show", &second])["hash"].clone();
    let hash = hash.as_str().unwrap();
    let folder = format!("archive/vouchers/{}", &hash[..2]);
    std::fs::create_dir_all(cluster.path(&folder)).unwrap();
    std::fs::copy(&second, cluster.path(&format!("{folder}/{hash}"))).unwrap();
    let archive = cluster.path("archive");
    let from_archive = ["--archive", archive.as_str()];
    cluster.ok("operator", &[&["voucher", "redeem", hash][..], &from_archive].concat());
    assert_eq!(paid.settled().await, 9_000);
    let other = "00".repeat(32);
    let command = [&["voucher", "redeem", other.as_str()][..], &from_archive].concat();
    cluster.refused("operator", &command, 64, "the archive has no voucher");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_posted_challenged_claimed_and_released() {
    let cluster = Cluster::start("").await;
    let paid = Paid::open(&cluster).await;
    let settler = cluster.keeper("settler", "owner", "settler").await;
    let key_file = cluster.path("settler.json");

    cluster.refused("owner", &["settler", "book", &settler], 64, "has no book");
    cluster.refused(
        "owner",
        &["settler", "open-book", "--keeper-key", &key_file, "--slots", "59"],
        64,
        "60",
    );
    let book = cluster.ok("owner", &["settler", "open-book", "--keeper-key", &key_file]);
    // Challenges for a day, six hours for the last one, another day; and an hour that may be late.
    assert_eq!(book["slots"], 54 * 60 + 61);
    cluster.refused(
        "owner",
        &["settler", "open-book", "--keeper-key", &key_file],
        64,
        "a book already",
    );

    // Minutes after the one in which the book was opened can be posted.
    cluster.travel(60).await;
    let (voucher, leaf) = paid.voucher("voucher", 5_000, "voucher");
    let leaves = cluster.write("leaves.json", json!([leaf]).to_string());
    let posted =
        cluster.ok("owner", &["batch", "post", "--keeper-key", &key_file, "--leaves", &leaves]);
    assert_eq!(
        (&posted["total_micro_usdc"], &posted["exposure_micro_usdc"]),
        (&5_000.into(), &5_000.into())
    );
    let minute = posted["minute_index"].to_string();
    let claim = ["batch", "claim", &settler, &minute, "--leaves", &leaves];
    assert!(cluster.early("app", &claim)["wait_secs"].as_u64().unwrap() <= 3_601);

    // Challenged and answered.
    let open = ["challenge", "open", &settler, &minute, "0"];
    let opened = cluster.ok("app", &open);
    let challenge = opened["challenge"].as_str().unwrap().to_owned();
    cluster.travel(HOUR_SECS + 1).await;
    cluster.refused("app", &claim, 64, "challenge of the settler is open");
    assert_eq!(cluster.ok("app", &["batch", "show", &settler])[0]["state"], "held");
    let (other, _) = paid.voucher("other", 4_000, "voucher");
    let answer = |file| ["challenge", "answer", &challenge, file, "--leaves", &leaves];
    cluster.refused("owner", &answer(&other), 64, "another voucher");
    cluster.ok("owner", &answer(&voucher));
    assert_eq!(cluster.ok("app", &["challenge", "show"]), json!([]));

    // Claimed, once.
    let (_, stale) = paid.voucher("stale", 4_000, "voucher");
    let strange = cluster.write("strange.json", json!([stale]).to_string());
    let command = ["batch", "claim", &settler, &minute, "--leaves", &strange];
    cluster.refused("app", &command, 64, "its root is another");
    let claimed = cluster.ok("app", &claim);
    assert_eq!((&claimed["claimed_micro_usdc"], paid.settled().await), (&5_000.into(), 5_000));
    assert_eq!(cluster.ok("app", &claim)["transactions"], json!([]));
    let shown = cluster.ok("app", &["batch", "show", &settler, &minute]);
    assert_eq!((&shown["state"], &shown["claimed_micro_usdc"]), (&"paid".into(), &5_000.into()));
    cluster.refused("app", &["batch", "show", &settler, "1"], 64, "no batch of minute 1");
    let post = ["batch", "post", "--keeper-key", &key_file, "--leaves", &leaves];
    cluster.refused("owner", &post, 64, "add nothing");

    // A leaf that nobody can stand behind.
    let (_, mut forged) = paid.voucher("forged", 8_000, "voucher");
    forged["evidence"] = "00".repeat(32).into();
    cluster.write("leaves.json", json!([forged]).to_string());
    let minute = cluster.ok("owner", &post)["minute_index"].to_string();
    let opened = cluster.ok("app", &["challenge", "open", &settler, &minute, "0"]);
    let challenge = opened["challenge"].as_str().unwrap();
    assert_eq!(cluster.early("owner", &["challenge", "fail", challenge])["failed"], false);
    cluster.refused("owner", &["challenge", "close", challenge], 64, "open");
    cluster.travel(6 * HOUR_SECS + 1).await;
    let usdc = pda::token_account(
        &solana_signer::Signer::pubkey(&cluster.keypair("app")),
        &cluster.network.payment_mint,
    );
    let before = cluster.rpc.token_balance(&usdc).await.unwrap().unwrap();
    cluster.ok("owner", &["challenge", "fail", challenge]);
    assert_eq!(cluster.rpc.token_balance(&usdc).await.unwrap(), Some(before + 10 * USDC));
    cluster.refused("owner", &["challenge", "fail", challenge], 64, "failed already");
    assert_eq!(cluster.ok("app", &["challenge", "show", challenge])["status"], "failed");
    let claim = ["batch", "claim", &settler, &minute, "--leaves", &leaves];
    cluster.refused("app", &claim, 64, "void");

    // Everything ends when nothing can be disputed any more.
    assert_eq!(cluster.early("app", &["challenge", "close", challenge])["closed"], false);
    cluster.refused("owner", &["settler", "close-book", &settler], 2, "BookInUse");
    let shown = cluster.ok("owner", &["settler", "book", &settler]);
    assert_eq!((&shown["exposed_batches"], &shown["open_challenges"]), (&2.into(), &0.into()));
    cluster.travel(2 * DAY_SECS + 6 * HOUR_SECS + 1).await;
    let released = cluster.ok("app", &["settler", "release", &settler]);
    assert_eq!(
        (&released["released_batches"], &released["exposure_micro_usdc"]),
        (&2.into(), &0.into())
    );
    cluster.ok("app", &["challenge", "close", challenge]);
    cluster.refused("app", &["settler", "close-book", &settler], 2, "NotKeeperOwner");
    cluster.ok("owner", &["settler", "close-book", &settler]);
    cluster.refused("owner", &["settler", "book", &settler], 64, "has no book");
}

/// More leaves than fit one transaction, and one among them that is paid already.
#[tokio::test(flavor = "multi_thread")]
async fn leaves_of_many_sessions_are_claimed_in_several_transactions() {
    const SESSIONS: usize = 14;
    const PAID: usize = 3;
    let cluster = Cluster::start("").await;
    let mut paid = vec![Paid::open(&cluster).await];
    while paid.len() < SESSIONS {
        paid.push(Paid::another(&cluster).await);
    }
    // All of one app and node: the order of a batch is that of the sessions.
    paid.sort_by_key(|session| session.address);
    let vouched: Vec<(String, Value)> = paid
        .iter()
        .enumerate()
        .map(|(i, session)| session.voucher(&format!("voucher-{i}"), 1_000 + i as u64, "voucher"))
        .collect();
    let leaves: Vec<&Value> = vouched.iter().map(|(_, leaf)| leaf).collect();
    let file = cluster.write("leaves.json", json!(leaves).to_string());
    let settler = cluster.keeper("settler", "owner", "settler").await;
    let key_file = cluster.path("settler.json");
    cluster.ok("owner", &["settler", "open-book", "--keeper-key", &key_file]);
    cluster.travel(60).await;
    let post = ["batch", "post", "--keeper-key", &key_file, "--leaves", &file];
    let posted = cluster.ok("owner", &post);
    let owed: u64 = (0..SESSIONS as u64).map(|i| 1_000 + i).sum();
    assert_eq!(posted["total_micro_usdc"], owed);
    let minute = posted["minute_index"].to_string();

    cluster.travel(HOUR_SECS + 1).await;
    cluster.ok("operator", &["voucher", "redeem", &vouched[PAID].0]);
    let claim = ["batch", "claim", &settler, &minute, "--leaves", &file];
    let claimed = cluster.ok("app", &claim);
    let left = owed - (1_000 + PAID as u64);
    assert_eq!(claimed["claimed_leaves"], SESSIONS - 1);
    assert_eq!(claimed["claimed_micro_usdc"], left);
    // Three before the paid one; then ten, of which eight do not fit: four, four and two.
    assert_eq!(claimed["transactions"].as_array().unwrap().len(), 4, "{claimed:#}");
    for (i, session) in paid.iter().enumerate() {
        assert_eq!(session.settled().await, 1_000 + i as u64);
    }
    assert_eq!(cluster.ok("app", &claim)["claimed_leaves"], 0);
}
