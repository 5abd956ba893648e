//! The worker as a process: how it refuses to start, stops, crashes and comes back.

use crate::assets::{self, JFK, SILERO, TINY_EN, wav, word_error_rate};
use crate::client::{Heard, Node, PATIENCE, Worker, command};
use heliograph_worker_ipc::ToWorker;
use sha2::{Digest, Sha256};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// Runs a worker that is expected to give up.
fn refused(command: &mut Command) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = command.output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn sha256(path: &Path) -> String {
    hex::encode(Sha256::digest(std::fs::read(path).unwrap()))
}

#[test]
fn wrong_hash_names_the_file_and_both_hashes() {
    let dir = tempfile::tempdir().unwrap();
    let model = assets::model(TINY_EN);
    let expected = "0123456789abcdef".repeat(4);
    let (code, error) =
        refused(command(&model, &dir.path().join("stt.sock")).args(["--model-sha256", &expected]));
    assert_eq!(code, Some(2), "{error}");
    for part in [TINY_EN, &expected, &sha256(&model)] {
        assert!(error.contains(part), "{part} is not in: {error}");
    }
}

/// Cut anywhere, the file is named as damaged; the library, which would take some of these for
/// whole and crash on others, never sees it.
#[test]
fn truncated_model_is_refused_without_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let whole = std::fs::read(assets::model(TINY_EN)).unwrap();
    let cut = dir.path().join("cut.bin");
    for len in [0, 3, 40, 100_000, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&cut, &whole[..len]).unwrap();
        let (code, error) = refused(&mut command(&cut, &dir.path().join("stt.sock")));
        assert_eq!(code, Some(2), "cut to {len}: {error}");
        for part in ["cut.bin", "it ends at byte", &sha256(&cut)] {
            assert!(error.contains(part), "cut to {len}: {part} is not in: {error}");
        }
    }
}

/// A layer count that whisper.cpp has no name for makes it throw, which ends the process.
#[test]
fn altered_header_is_refused_without_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = std::fs::read(assets::model(TINY_EN)).unwrap();
    bytes[4 + 4 * 4] = 5;
    let altered = dir.path().join("altered.bin");
    std::fs::write(&altered, bytes).unwrap();
    let (code, error) = refused(&mut command(&altered, &dir.path().join("stt.sock")));
    assert_eq!(code, Some(2), "{error}");
    assert!(error.contains("the number of audio layers is 5"), "{error}");
}

#[test]
fn models_that_are_missing_or_of_another_kind_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("stt.sock");
    let (code, error) = refused(&mut command(&dir.path().join("none.bin"), &socket));
    assert_eq!(code, Some(2));
    assert!(error.contains("none.bin: No such file"), "{error}");
    let (code, error) = refused(&mut command(&assets::model(SILERO), &socket));
    assert_eq!(code, Some(2));
    assert!(error.contains(SILERO) && error.contains("of another kind"), "{error}");
    let (code, error) =
        refused(command(&assets::model(TINY_EN), &socket).args(["--language", "de"]));
    assert_eq!(code, Some(2));
    assert!(error.contains("'de' is not served by this model; served: en"), "{error}");
    assert!(!socket.exists(), "no socket is left behind");
}

#[test]
fn usage_has_its_own_exit_status() {
    let bare =
        |arg: &str| Command::new(env!("CARGO_BIN_EXE_heliograph-stt")).arg(arg).output().unwrap();
    assert_eq!(bare("--no-such-flag").status.code(), Some(64));
    let help = bare("--help");
    assert!(help.status.success());
    assert!(String::from_utf8(help.stdout).unwrap().contains("HELIOGRAPH_STT_MODEL_SHA256"));
}

#[tokio::test]
async fn socket_is_private_exclusive_and_replaced_when_stale() {
    let mut worker = Worker::start(TINY_EN);
    drop(worker.connect().await);
    let mode = std::fs::metadata(&worker.socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let (code, error) = refused(&mut command(&assets::model(TINY_EN), &worker.socket));
    assert_eq!(code, Some(2));
    assert!(error.contains("stt.sock is in use by another process"), "{error}");

    worker.kill();
    assert!(worker.socket.exists(), "a crash leaves it behind");
    worker.child = command(&assets::model(TINY_EN), &worker.socket).spawn().unwrap();
    drop(worker.connect().await);
}

#[test]
fn file_that_is_no_socket_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notes.txt");
    std::fs::write(&path, "precious").unwrap();
    let (code, error) = refused(&mut command(&assets::model(TINY_EN), &path));
    assert_eq!(code, Some(2));
    assert!(error.contains("exists and is not a socket"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
}

/// Waits for the end of a process, kindly.
async fn exit_code(child: &mut std::process::Child) -> Option<i32> {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        assert!(started.elapsed() < PATIENCE, "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn terminated_worker_leaves_in_order_even_while_it_decodes() {
    let mut worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    node.open(1, None, 0).await;
    for pcm in wav("jfk.wav").chunks(48_000) {
        node.send(ToWorker::Audio { stream: 1, pcm: pcm.to_vec() }).await;
    }
    let pid = worker.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    let asked = Instant::now();
    assert_eq!(exit_code(&mut worker.child).await, Some(0));
    assert!(asked.elapsed() < Duration::from_secs(15), "it waited for a grace period to pass");
    assert!(!worker.socket.exists());
}

#[tokio::test]
async fn worker_follows_its_parent_when_asked_to() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("stt.sock");
    // A shell in between, so that the parent can go without the test going.
    let mut parent = Command::new("sh")
        .args(["-c", "\"$@\" & wait", "sh"])
        .arg(env!("CARGO_BIN_EXE_heliograph-stt"))
        .arg("--exit-with-parent")
        .arg("--socket")
        .arg(&socket)
        .arg("--model")
        .arg(assets::model(TINY_EN))
        .arg("--vad-model")
        .arg(assets::model(SILERO))
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .spawn()
        .unwrap();
    let mut node = Node::connect(&socket).await;
    node.open(1, None, 0).await;
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_eq!(node.answer().await, None, "it hangs up");
    let started = Instant::now();
    while socket.exists() {
        assert!(started.elapsed() < PATIENCE, "it goes on");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The promise behind `done_sample`: after a crash nothing is missing and nothing comes twice.
#[tokio::test]
async fn killed_worker_is_resumed_where_it_was_done() {
    let pcm = wav("jfk.wav");
    let mut worker = Worker::start(TINY_EN);
    let mut node = worker.connect().await;
    node.open(1, None, 0).await;
    let mut chunks = pcm.chunks(1_600);
    let mut before = Heard::default();
    // As in a call: each chunk is followed by whatever answers there are. Killed after the first
    // text, with more audio under way.
    while before.segments.is_empty() {
        if let Some(chunk) = chunks.next() {
            node.send(ToWorker::Audio { stream: 1, pcm: chunk.to_vec() }).await;
        }
        while let Ok(answer) = tokio::time::timeout(Duration::from_millis(10), node.answer()).await
        {
            before.take(answer.expect("the worker is there"));
        }
    }
    worker.kill();
    // What it had said before it died still counts.
    while let Some(answer) = node.answer().await {
        before.take(answer);
    }
    let done = before.done_sample;
    assert!(0 < done && (done as usize) < pcm.len(), "killed in the middle: {done}");

    worker.child = command(&assets::model(TINY_EN), &worker.socket).spawn().unwrap();
    let mut node = worker.connect().await;
    let after = node.hear(1, done, &pcm[done as usize..], 1_600).await;
    assert!(after.segments.iter().all(|segment| segment.start_sample >= done));
    let text = format!("{} {}", before.text(), after.text());
    assert!(word_error_rate(JFK, &text) <= 0.05, "{text}");
}
