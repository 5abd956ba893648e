//! The role's part of the keeper's configuration.

use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
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
    /// Whisper model as a ggml file.
    pub model: PathBuf,
    /// SHA-256 of that file, hex. The worker refuses any other file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_sha256: Option<String>,
    /// Silero voice activity model as a ggml file.
    pub vad_model: PathBuf,
    /// Threads for inference.
    #[serde(default = "default_threads")]
    pub threads: u32,
    /// Socket between keeper and worker.
    #[serde(default = "default_socket")]
    pub socket: PathBuf,
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
        if !self.archive.contains("://") {
            self.archive = base.join(&self.archive).to_string_lossy().into_owned();
        }
    }
}
