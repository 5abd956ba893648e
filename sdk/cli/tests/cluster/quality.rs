//! Scores and standings, as observers' samples make them, and the trial of one that lied.

use crate::cluster::{Cluster, TOKEN};
use heliograph_client::pda;
use heliograph_protocol::observation::{self, Figures, Leaf};
use heliograph_protocol::reputation::{Epoch, RETAINED_EPOCHS};
use heliograph_protocol::sample;
use heliograph_registry::state::KeeperRole;
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Minutes of an hour in which a node was there.
fn samples(node_key: &str) -> Value {
    let minutes = (0..60).map(|minute| {
        json!({
            "at_secs": minute * 60, "setup_us": 300_000, "rtt_us": 40_000, "jitter_us": 3_000,
            "packets_sent": 500, "packets_lost": 1,
        })
    });
    json!({"node_key": node_key, "samples": minutes.collect::<Vec<Value>>()})
}

/// A file of what was seen in an epoch.
fn report(cluster: &Cluster, name: &str, epoch: &Epoch, nodes: Value) -> String {
    let document = json!({"epoch": epoch.start, "epoch_secs": epoch.secs, "nodes": nodes});
    cluster.write(name, document.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn crank_scores_and_cleans_up() {
    let cluster = Cluster::start("observer_quorum = 1").await;
    let node_key = cluster.node("operator", "node").await;
    let observer = cluster.keeper("observer", "owner", "observer").await;
    cluster.refused("owner", &["score", &node_key], 64, "no score yet");
    cluster.refused("owner", &["observer", "standing", &observer], 64, "no root yet");
    assert_eq!(cluster.ok("owner", &["score"]), serde_json::json!([]));
    assert_eq!(cluster.ok("owner", &["reputation", "crank"])["done"], 0);

    let epoch = Epoch::at(cluster.now().await as u64, 3_600).unwrap();
    let end = i64::try_from(epoch.end()).unwrap();
    let file = report(&cluster, "samples.json", &epoch, json!([samples(&node_key)]));
    let key_file = cluster.path("observer.json");
    let post = ["observer", "post", "--keeper-key", &key_file, "--samples", &file];
    cluster.refused("owner", &post, 2, "NotPosting");
    let reveal = ["observer", "reveal", &observer, "--samples", &file];
    cluster.refused("operator", &reveal, 64, "has posted no root");
    cluster.travel_to(end).await;
    let mut lie = samples(&node_key);
    lie["figures"] = json!({"samples": 60, "availability_ppm": 1});
    let lies = report(&cluster, "lies.json", &epoch, json!([lie]));
    let lying = ["observer", "post", "--keeper-key", &key_file, "--samples", &lies];
    cluster.refused("owner", &lying, 64, "not what the samples give");
    let posted = cluster.ok("owner", &post);
    assert_eq!((&posted["epoch"], &posted["leaves"]), (&epoch.start.into(), &1.into()));
    assert!(cluster.early("operator", &reveal)["wait_secs"].as_i64().unwrap() > 0);
    cluster.travel_to(end + 3_600).await;
    let others = ["observer", "reveal", &observer, "--samples", &lies];
    cluster.refused("operator", &others, 64, "another root");
    for outcome in ["shown", "there already"] {
        let shown = cluster.ok("operator", &reveal);
        assert_eq!(shown["leaves"][0]["outcome"], outcome, "{shown:#}");
    }
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
        (&score["epochs"][0]["score_ppm"], &1.into())
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

/// The lie is posted by other means: the command refuses to.
#[tokio::test(flavor = "multi_thread")]
async fn observer_is_tried_by_its_own_samples() {
    use heliograph_client::instruction::reputation::{Root, post_root};
    let cluster = Cluster::start("").await;
    let node_key = cluster.node("operator", "node").await;
    let other_key = cluster.node("other operator", "other").await;
    let observer = cluster.keeper("observer", "owner", "observer").await;
    let keeper = pda::keeper(KeeperRole::Observer, &observer.parse().unwrap());
    let epoch = Epoch::at(cluster.now().await as u64, 3_600).unwrap();
    let mut lie = samples(&node_key);
    lie["figures"] = json!({"samples": 60, "availability_ppm": 0});
    let file = report(&cluster, "lies.json", &epoch, json!([lie, samples(&other_key)]));
    let honest =
        report(&cluster, "honest.json", &epoch, json!([samples(&node_key), samples(&other_key)]));
    let open = |file: &str, node: &str| {
        let command = ["case", "open", "samples", &observer, node, "--samples", file];
        cluster.run("operator", &command)
    };

    // As the files have them, in the order of the nodes' accounts.
    let entries = lie["samples"].as_array().unwrap().iter();
    let number = |entry: &Value, name: &str| entry[name].as_u64().unwrap() as u32;
    let probes: Vec<sample::Sample> = entries
        .map(|entry| sample::Sample {
            at_secs: number(entry, "at_secs"),
            setup_us: number(entry, "setup_us"),
            rtt_us: number(entry, "rtt_us"),
            jitter_us: number(entry, "jitter_us"),
            packets_sent: number(entry, "packets_sent"),
            packets_lost: number(entry, "packets_lost"),
            words_spoken: 0,
            words_wrong: 0,
            latency_us: observation::NOT_MEASURED,
        })
        .collect();
    let found = sample::figures(probes.iter().copied(), epoch.secs).unwrap();
    let none = observation::NOT_MEASURED;
    let claimed = Figures {
        samples: 60,
        availability_ppm: 0,
        rtt_p95_us: none,
        jitter_p95_us: none,
        loss_ppm: none,
        setup_p95_us: none,
        wer_ppm: none,
    };
    let mut leaves = [(&node_key, claimed), (&other_key, found)].map(|(key, figures)| Leaf {
        observer: keeper.to_bytes(),
        epoch: epoch.start,
        node: pda::node(&key.parse::<Pubkey>().unwrap()).to_bytes(),
        figures,
        samples_root: sample::root(&probes),
    });
    leaves.sort_by_key(|leaf| Pubkey::from(leaf.node));
    cluster.travel_to(i64::try_from(epoch.end()).unwrap()).await;
    let (payer, key) = (cluster.keypair("owner"), cluster.keypair("observer"));
    let root = Root {
        epoch: epoch.start,
        epoch_secs: epoch.secs,
        root: observation::root(&leaves),
        leaves_count: 2,
    };
    cluster.send(&payer, &[&key], &[post_root(payer.pubkey(), keeper, key.pubkey(), root)]).await;

    for (file, node, words) in [
        (&honest, &node_key, "another root"),
        (&file, &other_key, "there is no case"),
        (&file, &observer, "has no node"),
    ] {
        let (code, document) = open(file, node);
        assert_eq!(code, 64, "{document:#}");
        assert!(document["error"]["message"].as_str().unwrap().contains(words), "{document:#}");
    }
    let (code, opened) = open(&file, &node_key);
    assert_eq!((code, &opened["kind"]), (0, &"observer fraud".into()), "{opened:#}");
    // A fifth of the stake.
    assert_eq!(opened["penalty_units"], 200 * TOKEN);
    let operator = cluster.keypair("operator").pubkey();
    let exhibit = pda::exhibit(&operator, &sample::root(&probes));
    assert!(cluster.rpc.get_account(&exhibit).await.unwrap().is_none(), "its rent is back");
    cluster.ok("operator", &["case", "decide", opened["case"].as_str().unwrap()]);
    assert_eq!(cluster.ok("owner", &["keeper", "status", &observer])["status"], "jailed");
    // Its time has to pass; then it begins anew, and its stake is enough for that.
    let unjail = ["keeper", "unjail", &observer];
    let wait = cluster.early("owner", &unjail)["wait_secs"].as_i64().unwrap();
    assert!(0 < wait && wait <= i64::from(cluster.network.params.jail_secs), "{wait}");
    let (code, again) = open(&file, &node_key);
    assert_ne!(code, 0);
    assert!(again["error"]["message"].as_str().unwrap().contains("AlreadyPunished"), "{again:#}");
    cluster.travel(wait).await;
    assert_eq!(cluster.ok("owner", &unjail)["unjailed"], true);
    assert_eq!(cluster.ok("owner", &["keeper", "status", &observer])["status"], "pending");
}
