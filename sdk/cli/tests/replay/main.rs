//! `heliograph replay` on evidence that a real worker made.

mod scene;

use heliograph_protocol::record::{Record, text_sha256};
use heliograph_worker_ipc::StreamConfig;
use scene::{BASE, Scene, TINY_EN};
use serde_json::json;
use solana_keypair::Keypair;

#[tokio::test]
async fn honest_record_is_reproduced_wherever_it_is_named() {
    let scene = Scene::new().await;
    let minute = scene.minute(scene.records(), &scene.node);
    let said = scene.replay(&minute, TINY_EN, &[]).await;
    assert_eq!((said.code, said.verdict()), (Some(0), "reproduced"), "{}", said.json);
    let segments = said.json["segments"].as_array().unwrap();
    assert_eq!(segments.len(), scene.segments.len());
    for (found, made) in segments.iter().zip(&scene.segments) {
        assert_eq!(found["text"], made.text.as_str());
        assert_eq!(found["leaf"], hex::encode(made.record.leaf()));
    }

    // The same record by its leaf, and of all by chance.
    let audio = scene.write("whole.wav", &scene.pcm);
    let archive = tempfile::tempdir().unwrap();
    let archive = archive.path().to_str().unwrap();
    heliograph_store::Archive::open(archive).unwrap().put_receipt(&minute).await.unwrap();
    let arguments = ["--audio", audio.to_str().unwrap(), "--archive", archive, "--sample", "1"];
    let leaf = hex::encode(scene.segments[0].record.leaf());
    let said = scene.run(&leaf, TINY_EN, &arguments);
    assert_eq!((said.code, said.verdict()), (Some(0), "reproduced"), "{}", said.json);
    assert_eq!(said.json["segments"][0]["index"], 0);

    let said = scene.run(&format!("{}/0/99", scene.session), TINY_EN, &arguments);
    assert_eq!(said.code, Some(2));
    let message = said.json["error"]["message"].as_str().unwrap();
    assert!(message.contains("no such segment"), "{message}");
}

/// What the client sent is hashed, what the engine heard is made of it again.
#[tokio::test]
async fn record_of_audio_without_its_noise_is_reproduced() {
    let config = StreamConfig { suppresses_noise: Some(true), ..StreamConfig::default() };
    let scene = Scene::of(config).await;
    assert!(scene.segments[0].record.filters.starts_with("noise="));
    let minute = scene.minute(scene.records(), &scene.node);
    let said = scene.replay(&minute, TINY_EN, &[]).await;
    assert_eq!((said.code, said.verdict()), (Some(0), "reproduced"), "{}", said.json);
}

/// A node that signs for something else than its model says.
#[tokio::test]
async fn lies_are_named() {
    let scene = Scene::new().await;
    let lie = |change: fn(&mut Record)| {
        let mut records = scene.records();
        change(&mut records[0]);
        scene.minute(records, &scene.node)
    };
    for (minute, differs) in [
        (lie(|record| record.text_sha256 = text_sha256("Ask nobody.")), "text"),
        (lie(|record| record.language = "de".into()), "language"),
        (
            lie(|record| {
                record.parameters = record.parameters.replace("temperature=0", "temperature=0.4");
            }),
            "temperature",
        ),
    ] {
        let said = scene.replay(&minute, TINY_EN, &[]).await;
        assert_eq!((said.code, said.verdict()), (Some(1), "differs"), "{}", said.json);
        assert_eq!(said.differences(), [differs]);
    }

    // The text that was sent is not the one that was signed for.
    let transcript = tempfile::NamedTempFile::new().unwrap();
    let first = &scene.segments[0];
    let start = (first.start_sample - scene::START_SAMPLE) as f64 / 16_000.0;
    let sent = json!({ "segments": [{ "start": start, "text": "Ask nobody." }] });
    std::fs::write(transcript.path(), sent.to_string()).unwrap();
    let minute = scene.minute(scene.records(), &scene.node);
    let arguments = ["--transcript", transcript.path().to_str().unwrap()];
    let said = scene.replay(&minute, TINY_EN, &arguments).await;
    assert_eq!((said.code, said.differences()), (Some(1), vec!["received text"]), "{}", said.json);
}

/// Records that nobody signed for are held against nobody.
#[tokio::test]
async fn unsigned_records_are_found_out() {
    let scene = Scene::new().await;
    let mut swapped = scene.minute(scene.records(), &scene.node);
    swapped.records[0].text_sha256 = text_sha256("Ask nobody.");
    let mut added = scene.minute(scene.records(), &scene.node);
    added.records.push(added.records[0].clone());
    let mut forged = scene.minute(scene.records(), &scene.node);
    forged.signed.signature[0] ^= 1;
    let foreign = scene.minute(scene.records(), &Keypair::new());
    for (minute, reason) in [
        (swapped, "whose root the node signed"),
        (added, "the receipt counts"),
        (forged, "does not verify"),
        (foreign, "not by the node"),
    ] {
        let said = scene.replay(&minute, TINY_EN, &[]).await;
        assert_eq!(said.code, Some(1), "{}", said.json);
        assert!(said.json["segments"].as_array().unwrap().is_empty());
        let found = said.json["unrooted"][0]["reason"].as_str().unwrap();
        assert!(found.contains(reason), "{found}");
    }
}

/// Without the audio or the model nothing is said, for or against.
#[tokio::test]
async fn what_is_missing_is_named_and_accuses_nobody() {
    let scene = Scene::new().await;
    let minute = scene.minute(scene.records(), &scene.node);
    let said = scene.replay(&minute, BASE, &[]).await;
    assert_eq!((said.code, said.verdict()), (Some(2), "not_replayed"), "{}", said.json);
    assert!(said.reason().contains("no model has the record's SHA-256"), "{}", said.reason());
    assert!(said.reason().contains(BASE), "{}", said.reason());

    let first = &scene.segments[0];
    let mut flipped = scene.pcm.clone();
    flipped[(first.start_sample - scene::START_SAMPLE) as usize + 100] ^= 1;
    let flipped = scene.write("flipped.wav", &flipped);
    let cut = scene.write("cut.wav", &scene.pcm[..16_000]);
    for (audio, reason) in [(flipped, "the audio at the samples"), (cut, "the audio about")] {
        let archive = tempfile::tempdir().unwrap();
        let archive = archive.path().to_str().unwrap();
        heliograph_store::Archive::open(archive).unwrap().put_receipt(&minute).await.unwrap();
        let place = format!("{}/0/0", scene.session);
        let arguments = ["--audio", audio.to_str().unwrap(), "--archive", archive];
        let said = scene.run(&place, TINY_EN, &arguments);
        assert_eq!((said.code, said.verdict()), (Some(2), "not_replayed"), "{}", said.json);
        assert!(said.reason().contains(reason), "{}", said.reason());
    }
}
