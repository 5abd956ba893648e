//! Probes of a node's transcription, and replays of what it signed for.

use heliograph_client::stream::EndReason;
use heliograph_network_tests::{Network, Setup, jfk_speech, program};
use heliograph_quality::probe::{Clip, probe};
use heliograph_quality::vary::{Varied, varied};
use serde_json::Value;
use solana_keypair::write_keypair_file;
use std::path::Path;
use tokio::process::Command;

const JFK: &str = "And so my fellow Americans, ask not what your country can do for you, ask what \
                   you can do for your country.";

/// Runs `heliograph --json`: its exit code and what it printed.
async fn heliograph(net: &Network, arguments: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(program("heliograph"))
        .args(arguments)
        .args(["--json", "--rpc", net.rpc_url()])
        .output()
        .await
        .expect("it runs");
    let json = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    (output.status.code(), json)
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a path in UTF-8")
}

fn write_wav(path: &Path, pcm: &[i16]) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: 16_000,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut wav = hound::WavWriter::create(path, spec).expect("a file");
    pcm.iter().for_each(|sample| wav.write_sample(*sample).expect("room"));
    wav.finalize().expect("room");
}

#[tokio::test(flavor = "multi_thread")]
async fn canary_is_served_and_paid_as_anybody_and_its_records_are_replayed() {
    let net = Network::start(Setup::default()).await;
    let session = net.open_session(100_000).await;
    let Varied { pcm, speech_end } = varied(&jfk_speech(), 5);
    let clip = Clip { pcm, speech_end, text: JFK.into(), language: "en".into() };
    let mut config = net.stream_config(session, None).await;
    config.live = true;
    let probed = probe(config, &net.voucher_signer, &clip).await;

    assert_eq!(probed.ended, Some(EndReason::Finished), "{:?}", probed.error);
    let rate = probed.errors.word_rate().expect("words were said");
    assert!(rate < 0.25, "{rate}: {}", probed.text);
    let sample = probed.sample(0);
    assert!(sample.is_good() && sample.words_spoken == 22, "{sample:?}");
    // By the started second, pauses and all.
    let secs = clip.pcm.len().div_ceil(16_000) as u64;
    let [minute] = probed.minutes.as_slice() else { panic!("{:?}", probed.minutes) };
    assert_eq!(minute.receipt.amount_micro_usdc, secs * 5_000 / 60);
    net.settled(session, minute.receipt.amount_micro_usdc).await;
    net.audit_is_clean().await;

    // Anybody who has the audio replays what the node archived; the chain says who signs.
    let folder = tempfile::tempdir().expect("a folder");
    let (audio, other) = (folder.path().join("sent.wav"), folder.path().join("other.wav"));
    write_wav(&audio, &clip.pcm);
    write_wav(&other, &varied(&jfk_speech(), 6).pcm);
    let archive = net.archive();
    let place = session.address.to_string();
    let replay = ["replay", &place, "--archive", text(&archive), "--audio"];
    let (code, found) = heliograph(&net, &[&replay[..], &[text(&audio)]].concat()).await;
    assert_eq!(code, Some(0), "{found}");
    let segments = found["segments"].as_array().expect("segments");
    assert_eq!(segments.len(), minute.archived.records.len());
    assert!(segments.iter().all(|segment| segment["verdict"] == "reproduced"), "{found}");
    let texts: Vec<&str> = segments.iter().filter_map(|segment| segment["text"].as_str()).collect();
    assert_eq!(texts.join(" "), probed.text);

    // The audit does so by chance.
    let recording = format!("{place}={}", text(&audio));
    let audit = ["audit", "--archive", text(&archive), "--replay", &recording, "--sample", "1"];
    let (code, found) = heliograph(&net, &audit).await;
    assert_eq!(code, Some(0), "{found}");
    assert_eq!(found["replays"][0]["segments"][0]["verdict"], "reproduced");

    let (code, found) = heliograph(&net, &[&replay[..], &[text(&other)]].concat()).await;
    assert_eq!(code, Some(2), "{found}");
    assert!(found["segments"][0]["reason"].as_str().is_some_and(|r| r.contains("SHA-256")));
}

#[tokio::test(flavor = "multi_thread")]
async fn canary_by_command_gives_a_report_and_misses_a_dead_node() {
    let mut net = Network::start(Setup::default()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let (app, voucher) = (folder.path().join("app.json"), folder.path().join("voucher.json"));
    write_keypair_file(net.app_authority(), &app).expect("written");
    write_keypair_file(&net.voucher_signer, &voucher).expect("written");
    let clip = folder.path().join("jfk.wav");
    write_wav(&clip, &jfk_speech());
    let node = net.node_key.to_string();
    let arguments = [
        "canary",
        "--keypair",
        text(&app),
        "--voucher-signer",
        text(&voucher),
        "--node",
        &node,
        "--clip",
        text(&clip),
        "--text",
        JFK,
        "--evidence",
        text(folder.path()),
        "--settle-limit",
        "90",
    ];
    let (code, found) = heliograph(&net, &arguments).await;
    assert_eq!(code, Some(0), "{found}");
    let seen = &found["report"]["nodes"][0];
    assert_eq!(seen["node_key"], node.as_str());
    let sample = &seen["samples"][0];
    assert_eq!(sample["words_spoken"], 22);
    assert!(sample["words_wrong"].as_u64().is_some_and(|wrong| wrong < 6), "{found}");
    assert!(sample["latency_us"].as_u64().is_some_and(|us| us > 0), "{found}");
    assert!(found["vouchered_micro_usdc"].as_u64().is_some_and(|paid| paid >= 11 * 5_000 / 60));
    net.audit_is_clean().await;

    net.keeper.kill();
    let (code, found) = heliograph(&net, &arguments).await;
    assert_eq!(code, Some(1), "{found}");
    let sample = &found["report"]["nodes"][0]["samples"][0];
    assert_eq!((sample["words_spoken"].as_u64(), sample["latency_us"].is_null()), (Some(0), true));
    assert!(found["error"].is_string());
}
