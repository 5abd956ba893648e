//! Evidence as a node makes it: the real worker hears a real recording, and a key signs for what it
//! says.

use futures_util::{SinkExt as _, StreamExt as _};
use heliograph_client::evidence::sign;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_protocol::price::Usage;
use heliograph_protocol::receipt::{Quality, Receipt};
use heliograph_protocol::record::{Record, records_root};
use heliograph_store::Archive;
use heliograph_worker_ipc::{FromWorker, NodeCodec, Segment, StreamConfig, ToWorker};
use serde_json::Value;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

const DOMAIN: Domain = Domain([9; 32]);

/// Where the recording begins in its session: 2 s.
pub const START_SAMPLE: u64 = 32_000;

pub const TINY_EN: &str = "ggml-tiny.en-q8_0.bin";
pub const BASE: &str = "ggml-base-q8_0.bin";

/// A session of one minute.
pub struct Scene {
    pub session: Pubkey,
    pub node: Keypair,
    pub segments: Vec<Segment>,
    pub pcm: Vec<i16>,
    folder: TempDir,
}

/// How the program ended, and what it printed.
pub struct Said {
    pub code: Option<i32>,
    pub json: Value,
}

impl Said {
    /// The first segment's verdict.
    pub fn verdict(&self) -> &str {
        self.json["segments"][0]["verdict"].as_str().unwrap_or_else(|| panic!("{}", self.json))
    }

    /// What differs in the first segment.
    pub fn differences(&self) -> Vec<&str> {
        let differences = self.json["segments"][0]["differences"].as_array();
        let differences = differences.unwrap_or_else(|| panic!("{}", self.json));
        differences.iter().filter_map(|difference| difference["what"].as_str()).collect()
    }

    /// Why the first segment was not replayed.
    pub fn reason(&self) -> &str {
        self.json["segments"][0]["reason"].as_str().unwrap_or_else(|| panic!("{}", self.json))
    }
}

impl Scene {
    /// Has jfk.wav transcribed.
    pub async fn new() -> Self {
        Self::of(StreamConfig::default()).await
    }

    /// The same by a stream that asks for something.
    pub async fn of(config: StreamConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pcm: Vec<i16> = hound::WavReader::open(installed("audio/jfk.wav"))
            .unwrap()
            .samples()
            .collect::<Result<_, _>>()
            .unwrap();
        let segments = hear(&pcm, &folder.path().join("stt.sock"), config).await;
        assert!(!segments.is_empty());
        let session = Pubkey::new_unique();
        Self { session, node: Keypair::new(), segments, pcm, folder }
    }

    /// The minute's records as the worker made them.
    pub fn records(&self) -> Vec<Record> {
        self.segments.iter().map(|segment| segment.record.clone()).collect()
    }

    /// A minute that `signer` signs for.
    pub fn minute(&self, records: Vec<Record>, signer: &Keypair) -> ArchivedReceipt {
        let receipt = Receipt {
            channel: [1; 32],
            session: self.session.to_bytes(),
            sequence: 0,
            minute_index: 0,
            opened_at_unix_ms: 0,
            closed_at_unix_ms: 0,
            media_start_sample: 0,
            media_end_sample: START_SAMPLE + self.pcm.len() as u64,
            usage: Usage::default(),
            quality: Quality::default(),
            records_count: records.len() as u32,
            records_root: records_root(&records),
            amount_micro_usdc: 0,
            cumulative_micro_usdc: 0,
            previous_receipt_hash: [0; 32],
        };
        ArchivedReceipt { signed: sign(&receipt, &DOMAIN, signer).unwrap(), records }
    }

    /// Replays the session from an archive that holds this minute.
    pub async fn replay(&self, minute: &ArchivedReceipt, model: &str, more: &[&str]) -> Said {
        let archive = self.folder.path().join(hex::encode(rand::random::<[u8; 8]>()));
        let archive = archive.to_str().unwrap();
        Archive::open(archive).unwrap().put_receipt(minute).await.unwrap();
        let audio = self.write("audio.wav", &self.pcm);
        let mut arguments = vec!["--audio", audio.to_str().unwrap(), "--archive", archive];
        arguments.extend(more);
        self.run(&self.session.to_string(), model, &arguments)
    }

    /// Runs the program about a segment.
    pub fn run(&self, segment: &str, model: &str, arguments: &[&str]) -> Said {
        let node = self.node.pubkey().to_string();
        let output = Command::new(env!("CARGO_BIN_EXE_heliograph"))
            .args(["replay", segment, "--json", "--node", &node])
            .args(["--domain", &hex::encode(DOMAIN.0)])
            .arg("--model")
            .arg(installed(&format!("models/{model}")))
            .args(["--offset", &START_SAMPLE.to_string()])
            .args(arguments)
            .output()
            .unwrap();
        let json = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
        });
        Said { code: output.status.code(), json }
    }

    /// Writes a recording.
    pub fn write(&self, name: &str, pcm: &[i16]) -> PathBuf {
        let path = self.folder.path().join(name);
        let spec = hound::WavSpec {
            channels: 1,
            sample_rate: 16_000,
            bits_per_sample: 16,
            sample_format: hound::SampleFormat::Int,
        };
        let mut wav = hound::WavWriter::create(&path, spec).unwrap();
        pcm.iter().for_each(|sample| wav.write_sample(*sample).unwrap());
        wav.finalize().unwrap();
        path
    }
}

/// What the worker makes of a recording.
async fn hear(pcm: &[i16], socket: &Path, config: StreamConfig) -> Vec<Segment> {
    let program = Path::new(env!("CARGO_BIN_EXE_heliograph")).with_file_name("heliograph-stt");
    assert!(program.is_file(), "{} is missing: build the workspace", program.display());
    let mut worker = Command::new(program)
        .arg("--socket")
        .arg(socket)
        .arg("--model")
        .arg(installed(&format!("models/{TINY_EN}")))
        .arg("--vad-model")
        .arg(installed("models/ggml-silero-v6.2.0.bin"))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let stream = loop {
        if let Ok(stream) = UnixStream::connect(socket).await {
            break stream;
        }
        assert!(worker.try_wait().unwrap().is_none(), "the worker ended");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let mut worker_socket = Framed::new(stream, NodeCodec::new());
    let open = ToWorker::Open { stream: 1, start_sample: START_SAMPLE, config };
    worker_socket.send(open).await.unwrap();
    for chunk in pcm.chunks(16_000) {
        worker_socket.send(ToWorker::Audio { stream: 1, pcm: chunk.to_vec() }).await.unwrap();
    }
    worker_socket.send(ToWorker::Finish { stream: 1 }).await.unwrap();
    let mut segments = Vec::new();
    loop {
        match worker_socket.next().await.expect("the worker answers").unwrap() {
            FromWorker::Final { segment, .. } => segments.push(segment),
            FromWorker::Finished { .. } => break,
            FromWorker::Failed { reason, .. } => panic!("{reason}"),
            _ => {}
        }
    }
    worker.kill().unwrap();
    worker.wait().unwrap();
    segments
}

/// Where `scripts/setup.sh` puts things.
fn installed(name: &str) -> PathBuf {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = var("HELIOGRAPH_CACHE").unwrap_or_else(|| {
        let base = var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")));
        base.expect("HOME is set").join("heliograph")
    });
    let path = cache.join(name);
    assert!(path.is_file(), "{} is missing: run scripts/setup.sh", path.display());
    path
}
