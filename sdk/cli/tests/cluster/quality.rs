//! Scores and standings, as an observer's root and leaf make them.

use crate::cluster::Cluster;
use heliograph_client::instruction::reputation::{ProvedLeaf, Root, post_root, submit_leaf};
use heliograph_client::pda;
use heliograph_protocol::observation::{self, Figures, Leaf, NOT_MEASURED};
use heliograph_protocol::reputation::{Epoch, RETAINED_EPOCHS};
use heliograph_registry::state::KeeperRole;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

const GOOD: Figures = Figures {
    samples: 20,
    availability_ppm: 1_000_000,
    rtt_p95_us: NOT_MEASURED,
    jitter_p95_us: NOT_MEASURED,
    loss_ppm: NOT_MEASURED,
    setup_p95_us: NOT_MEASURED,
    wer_ppm: NOT_MEASURED,
};

#[tokio::test(flavor = "multi_thread")]
async fn crank_scores_and_cleans_up() {
    let cluster = Cluster::start("observer_quorum = 1").await;
    let node_key = cluster.node("operator", "node").await;
    let observer = cluster.keeper("observer", "owner", "observer").await;
    cluster.refused("owner", &["score", &node_key], 64, "no score yet");
    cluster.refused("owner", &["observer", "standing", &observer], 64, "no root yet");
    assert_eq!(cluster.ok("owner", &["score"]), serde_json::json!([]));
    assert_eq!(cluster.ok("owner", &["reputation", "crank"])["done"], 0);

    let keeper = pda::keeper(KeeperRole::Observer, &observer.parse().unwrap());
    let node = pda::node(&node_key.parse::<Pubkey>().unwrap());
    let epoch = Epoch::at(cluster.now().await as u64, 3_600).unwrap();
    let leaf = Leaf {
        observer: keeper.to_bytes(),
        epoch: epoch.start,
        node: node.to_bytes(),
        figures: GOOD,
        samples_root: [7; 32],
    };
    let (payer, key) = (cluster.keypair("owner"), cluster.keypair("observer"));
    let end = i64::try_from(epoch.end()).unwrap();
    cluster.travel_to(end).await;
    let (epoch_secs, root) = (epoch.secs, observation::root(&[leaf]));
    let root = Root { epoch: epoch.start, epoch_secs, root, leaves_count: 1 };
    cluster.send(&payer, &[&key], &[post_root(payer.pubkey(), keeper, key.pubkey(), root)]).await;
    cluster.travel_to(end + 3_600).await;
    let proved = ProvedLeaf {
        observer: keeper,
        node,
        epoch: epoch.start,
        figures: GOOD.into(),
        samples_root: leaf.samples_root,
        index: 0,
        proof: Vec::new(),
    };
    cluster.send(&payer, &[], &[submit_leaf(payer.pubkey(), proved)]).await;
    assert_eq!(cluster.ok("operator", &["reputation", "crank"])["done"], 0);

    cluster.travel_to(end + 2 * 3_600).await;
    let done = cluster.ok("operator", &["reputation", "crank"]);
    let deeds: Vec<&str> = done["deeds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|deed| deed["deed"].as_str().unwrap())
        .collect();
    assert_eq!((deeds, &done["refused"]), (vec!["score", "close tally"], &0.into()));
    let score = cluster.ok("owner", &["score", &node_key]);
    assert_eq!(
        (&score["smoothed_ppm"], &score["epochs"][0]["observers"]),
        (&1_000_000.into(), &1.into())
    );
    assert_eq!(cluster.ok("owner", &["score"])[0]["node_key"], node_key);
    let standing = cluster.ok("owner", &["observer", "standing", &observer]);
    assert_eq!(
        (&standing["roots"], &standing["judged"], &standing["unreliable"]),
        (&1.into(), &1.into(), &false.into())
    );
    assert_eq!(cluster.ok("owner", &["observer", "standing"])[0]["keeper_key"], observer);

    assert_eq!(cluster.ok("operator", &["reputation", "crank"])["done"], 0);
    cluster.travel_to(end + (2 + i64::from(RETAINED_EPOCHS)) * 3_600).await;
    let done = cluster.ok("operator", &["reputation", "crank"]);
    assert_eq!((&done["done"], &done["refused"]), (&2.into(), &0.into()), "{done:#}");
}
