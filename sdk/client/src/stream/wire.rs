//! What client and node say to each other on `/v1/stream`: JSON in text frames, audio in binary
//! ones (16 kHz mono signed 16-bit little-endian).
//!
//! ```text
//! client                              node
//! config ───────────────────────────▶
//!        ◀─────────────────────────── ready, credit
//! audio… ───────────────────────────▶
//!        ◀─────────────────────────── transcription…, receipt (after each minute)
//! voucher ──────────────────────────▶
//!        ◀─────────────────────────── credit
//! finish ───────────────────────────▶
//!        ◀─────────────────────────── transcription…, receipt, ended
//! ```
//!
//! A client that streams faster than real time sends audio only up to the last `credit`: the node
//! reads vouchers from the same connection, so it never stops reading to hold audio back.

use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use serde::{Deserialize, Serialize};

/// Path of the stream at a node's endpoint.
pub const STREAM_PATH: &str = "/v1/stream";

/// From the client.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ClientMessage {
    /// First message: which session, and that the app asks for it.
    Config {
        /// A [`heliograph_protocol::stream::StreamOpen`], signed by the session's voucher signer.
        #[serde(with = "base64_borsh")]
        open: Signed,
        /// ISO 639-1; absent or `auto` leaves it to the node.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        language: Option<String>,
        /// Whether texts that may still change are wanted, and when speech begins and ends.
        #[serde(default)]
        live: bool,
    },
    /// Payment for the minute of a receipt.
    Voucher {
        /// A [`heliograph_protocol::voucher::Voucher`], signed by the session's voucher signer.
        #[serde(with = "base64_borsh")]
        voucher: Signed,
    },
    /// No more audio.
    Finish,
}

/// From the node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The stream is open.
    Ready {
        /// The node key, base58.
        node_key: String,
        /// Engine and model that will be used.
        engine: String,
        /// File name of the model.
        model: String,
        /// SHA-256 of the model file, hex.
        model_sha256: String,
        /// Languages served.
        languages: Vec<String>,
        /// Where in the session's audio this stream continues: audio before it has been served.
        next_sample: u64,
    },
    /// How far audio may be sent, as a position in the session's audio.
    Credit {
        /// Sample after the last one that may be sent.
        until_sample: u64,
    },
    /// Somebody begins to speak, or has stopped. Of live streams alone.
    VadEvent {
        /// Which of the two.
        event: VadEvent,
        /// Seconds from the start of the session's audio.
        at: f64,
    },
    /// A segment's final text, or on a live stream what is being said so far.
    Transcription {
        /// What was said.
        text: String,
        /// Seconds from the start of the session's audio.
        start: f64,
        /// Seconds from the start of the session's audio.
        end: f64,
        /// 0 to 1.
        confidence: f64,
        /// ISO 639-1.
        language: String,
        /// False for a text that the next one of this stream replaces; nothing is charged for it.
        is_final: bool,
        /// From the segment's last sample reaching the worker to this text; 0 if it is not final.
        latency_ms: u32,
    },
    /// A minute was served; the client answers with its voucher.
    Receipt {
        /// The receipt, signed by the node key, with the minute's AI records.
        #[serde(with = "base64_borsh")]
        receipt: ArchivedReceipt,
    },
    /// The stream has ended; nothing follows.
    Ended {
        /// Why.
        reason: EndReason,
        /// For people.
        message: String,
    },
    /// The stream was refused or broken off; nothing follows.
    Error {
        /// What kind of error.
        code: ErrorCode,
        /// For people.
        message: String,
    },
}

/// What voice activity noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VadEvent {
    /// Speech begins.
    SpeechStart,
    /// Speech has ended.
    SpeechEnd,
}

/// Why a stream ended in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// The client said so and everything is transcribed.
    Finished,
    /// The escrow cannot pay for more.
    EscrowExhausted,
    /// The session's cap is reached.
    CapReached,
    /// The session's time is over.
    SessionExpired,
    /// A receipt was not answered by a voucher within the grace time.
    VoucherMissing,
    /// The node is shutting down.
    Draining,
}

/// Why a stream was refused or broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The first message was not a valid configuration (close code 4001).
    BadConfig,
    /// The session does not exist, has ended, or is for another node or service (4002).
    NoSession,
    /// The request is not signed by the session's voucher signer, or is stale (4003).
    Unauthorized,
    /// The session already has a stream (4004).
    AlreadyConnected,
    /// A message that does not fit: bad audio, audio beyond the credit, a false voucher (4005).
    BadMessage,
    /// All of the node's capacity is in use (4006).
    NoCapacity,
    /// The node cannot reach its worker or the cluster; try again or elsewhere (4007).
    Unavailable,
}

impl ErrorCode {
    /// The WebSocket close code that goes with it.
    pub const fn close_code(self) -> u16 {
        match self {
            Self::BadConfig => 4001,
            Self::NoSession => 4002,
            Self::Unauthorized => 4003,
            Self::AlreadyConnected => 4004,
            Self::BadMessage => 4005,
            Self::NoCapacity => 4006,
            Self::Unavailable => 4007,
        }
    }
}

/// Borsh bytes as a base64 string.
pub(crate) mod base64_borsh {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use borsh::{BorshDeserialize, BorshSerialize};
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer, ser::Error as _};

    pub fn serialize<T: BorshSerialize, S: Serializer>(
        value: &T,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let bytes = borsh::to_vec(value).map_err(S::Error::custom)?;
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, T: BorshDeserialize, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<T, D::Error> {
        let text = <String as Deserialize>::deserialize(deserializer)?;
        let bytes = STANDARD.decode(text).map_err(D::Error::custom)?;
        borsh::from_slice(&bytes).map_err(D::Error::custom)
    }
}
