//! The role's part of the keeper's configuration.

use serde::{Deserialize, Serialize};
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

/// `[node]` of the keeper's configuration. Relative paths count from the configuration file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NodeConfig {
    /// The node key: a Solana keypair file. It signs receipts and pays transaction fees.
    pub keypair: PathBuf,
    /// Where clients connect.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The ledger's file.
    #[serde(default = "default_database")]
    pub database: PathBuf,
    /// The archive: a folder, or the URL of an object store.
    #[serde(default = "default_archive")]
    pub archive: String,
    /// Streams served at once.
    #[serde(default = "default_capacity")]
    pub capacity: u32,
    /// Who brings vouchers on chain.
    #[serde(default)]
    pub redeem: Redeem,
    /// With `redeem = "late"`: how long a voucher is left to settlers, and how long before a
    /// session's last moment the node redeems in any case.
    #[serde(default = "default_redeem_after_secs")]
    pub redeem_after_secs: u64,
    /// The speech worker.
    pub transcription: TranscriptionConfig,
    /// The SFU worker, if calls are served.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calls: Option<CallsConfig>,
}

/// When the node redeems a voucher by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Redeem {
    /// As soon as it is signed.
    #[default]
    Always,
    /// Only what settlers have not settled in time.
    Late,
}

/// `[node.transcription]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptionConfig {
    /// The worker program; `heliograph-stt` beside the keeper's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<PathBuf>,
    /// The model: a ggml file for Whisper, a folder for Parakeet-TDT.
    pub model: PathBuf,
    /// SHA-256 of that file, hex. The worker refuses any other file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// Further models beside it; the worker takes for each segment what serves its language best.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub models: Vec<ModelConfig>,
    /// Silero voice activity model as a ggml file.
    pub vad_model: PathBuf,
    /// Threads for inference.
    #[serde(default = "default_threads")]
    pub threads: u32,
    /// Socket between keeper and worker.
    #[serde(default = "default_socket")]
    pub socket: PathBuf,
}

/// One of `[[node.transcription.models]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// A ggml file for Whisper, a folder for Parakeet-TDT.
    pub path: PathBuf,
    /// What the worker is to find there, hex; given for all models or for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

impl TranscriptionConfig {
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        let pinned = self.models.iter().map(|model| model.sha256.is_some());
        if pinned.clone().any(|is_pinned| is_pinned != self.model_sha256.is_some()) {
            return Err("node.transcription: give the sha256 of all models or of none".into());
        }
        Ok(())
    }
}

/// `[node.calls]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallsConfig {
    /// The worker program; `heliograph-sfu` beside the keeper's if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker: Option<PathBuf>,
    /// Where participants' clients connect (HTTP and WebSockets).
    #[serde(default = "default_signalling")]
    pub listen: SocketAddr,
    /// Where their media arrives: the first of as many UDP ports as there are threads.
    #[serde(default = "default_media")]
    pub udp: SocketAddr,
    /// Where media arrives from networks that block UDP.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcp: Option<SocketAddr>,
    /// Addresses under which clients reach this machine; its own if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub advertise: Vec<IpAddr>,
    /// Media threads; as many as help if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threads: Option<u32>,
    /// Participants at once, of all sessions together.
    #[serde(default = "default_participants_max")]
    pub participants_max: u32,
    /// File of `name: secret` lines: tokens of these are admitted and nobody pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub keys: Option<PathBuf>,
    /// URL that clients are given, `ws://` or `wss://`; made from `listen` if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Seconds between two receipts of a session, 5 to 60. Less than a minute is for trying out.
    #[serde(default = "default_receipt_every_secs")]
    pub receipt_every_secs: u32,
    /// Socket between keeper and worker.
    #[serde(default = "default_calls_socket")]
    pub socket: PathBuf,
}

fn default_signalling() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7882))
}

fn default_media() -> SocketAddr {
    SocketAddr::from(([0, 0, 0, 0], 7900))
}

fn default_participants_max() -> u32 {
    500
}

fn default_receipt_every_secs() -> u32 {
    60
}

fn default_calls_socket() -> PathBuf {
    "sfu.sock".into()
}

impl CallsConfig {
    /// What is wrong with it, in words.
    pub fn check(&self) -> Result<(), String> {
        if !(5..=60).contains(&self.receipt_every_secs) {
            return Err("node.calls.receipt_every_secs must be from 5 to 60".into());
        }
        if self.participants_max == 0 || self.threads == Some(0) {
            return Err("node.calls: threads and participants_max must be greater than zero".into());
        }
        if self
            .url
            .as_deref()
            .is_some_and(|url| !url.starts_with("ws://") && !url.starts_with("wss://"))
        {
            return Err("node.calls.url must begin with ws:// or wss://".into());
        }
        Ok(())
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 7880))
}

fn default_database() -> PathBuf {
    "node.db".into()
}

fn default_archive() -> String {
    "archive".into()
}

fn default_capacity() -> u32 {
    4
}

/// Four hours: a challenge window, and time for a claim to grow until it pays for itself.
fn default_redeem_after_secs() -> u64 {
    4 * 3_600
}

fn default_threads() -> u32 {
    2
}

fn default_socket() -> PathBuf {
    "stt.sock".into()
}

impl NodeConfig {
    /// Makes relative paths absolute; `base` is the folder of the configuration file.
    pub fn resolve(&mut self, base: &Path) {
        let stt = &mut self.transcription;
        for path in [
            &mut self.keypair,
            &mut self.database,
            &mut stt.model,
            &mut stt.vad_model,
            &mut stt.socket,
        ] {
            *path = base.join(&*path);
        }
        if let Some(worker) = &mut stt.worker {
            *worker = base.join(&*worker);
        }
        for model in &mut stt.models {
            model.path = base.join(&model.path);
        }
        if let Some(calls) = &mut self.calls {
            calls.socket = base.join(&calls.socket);
            for path in [&mut calls.worker, &mut calls.keys].into_iter().flatten() {
                *path = base.join(&*path);
            }
        }
        if !self.archive.contains("://") {
            self.archive = base.join(&self.archive).to_string_lossy().into_owned();
        }
    }
}
