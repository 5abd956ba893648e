//! What is said about session keys: between host and node on `/v1/speech`, and between node and
//! whoever carries a key on `/v1/stream`. JSON in text frames.
//!
//! ```text
//! host                                node                            client
//! host ─────────────────────────────▶
//!        ◀─────────────────────────── hosting, minutes not answered yet
//!                                          ◀───────────────────────── config (session_key)
//!                                     ready ────────────────────────▶
//!                                          ◀───────────────────────── audio…
//!                                     transcription… ───────────────▶
//!        ◀─────────────────────────── minute (after each minute of a key)
//! voucher ──────────────────────────▶
//! extend ───────────────────────────▶ session_extended ─────────────▶
//!        ◀─────────────────────────── extended
//! finish ───────────────────────────▶
//!        ◀─────────────────────────── minute…, ended
//! ```
//!
//! The client's side is what dTelecom's clients speak. Audio is 16 kHz mono signed 16-bit
//! little-endian, in binary frames. Close codes: 4001 the config is wrong, 4002 the key is used up
//! or its session is not paid for, 4003 the key is not good, 4004 it is in use.
//!
//! A host that connects again takes over from the connection before.

use crate::stream::wire::base64_borsh;
use crate::stream::{EndReason, ErrorCode, VadEvent};
use borsh::{BorshDeserialize, BorshSerialize};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use serde::{Deserialize, Serialize};

/// Path at a node's endpoint where sessions are hosted.
pub const SPEECH_PATH: &str = "/v1/speech";

/// From the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SpeechHostMessage {
    /// First message: which session pays, and that the app asks for it.
    Host {
        /// A [`heliograph_protocol::stream::StreamOpen`], signed by the session's voucher signer.
        #[serde(with = "base64_borsh")]
        open: Signed,
    },
    /// Payment for the minute of a receipt.
    Voucher {
        /// A [`heliograph_protocol::voucher::Voucher`], signed by the session's voucher signer.
        #[serde(with = "base64_borsh")]
        voucher: Signed,
    },
    /// More seconds for a key, whether it is in use or not.
    Extend {
        /// A key with the same id and more seconds.
        session_key: String,
    },
    /// Nothing more is served: streams end, and what they had is charged.
    Finish,
}

/// From the node to the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum SpeechNodeMessage {
    /// Keys of the app are good from now on.
    Hosting {
        /// The node key, base58.
        node_key: String,
        /// Ordinal of the session's next receipt.
        next_sequence: u32,
    },
    /// A minute of a key was served; the host answers with its voucher.
    Minute {
        /// The receipt, signed by the node key, with the minute's AI records.
        #[serde(with = "base64_borsh")]
        receipt: ArchivedReceipt,
        /// Whose minute it is.
        key: KeyMinute,
    },
    /// Answer to an extension.
    Extended {
        /// The key's id.
        id: String,
        /// Seconds bought in all; more than asked for if another extension said more.
        seconds: u32,
        /// Seconds charged so far.
        used_secs: u32,
    },
    /// The extension does not count. Hosting goes on.
    NotExtended {
        /// For people.
        message: String,
    },
    /// Nothing more is served and nothing follows.
    Ended {
        /// Why.
        reason: EndReason,
        /// For people.
        message: String,
    },
    /// Refused or broken off; nothing follows.
    Error {
        /// What kind of error.
        code: ErrorCode,
        /// For people.
        message: String,
    },
}

/// Whose audio a receipt charges.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct KeyMinute {
    /// The key as it was presented: the host sees that it has issued it.
    pub session_key: String,
    /// The part that is charged, as samples at 16 kHz counted from the start of the key's audio:
    /// the first one. The receipt's records count from the start of the session's audio, in which
    /// this part lies at the receipt's `media_start_sample`.
    pub start_sample: u64,
    /// The one after the last.
    pub end_sample: u64,
}

/// First message of whoever carries a key.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeyConfig {
    /// The key.
    pub session_key: String,
    /// ISO 639-1; absent or `auto` leaves it to the key, and then to the node.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether texts that may still change are wanted, and when speech begins and ends.
    #[serde(default = "yes")]
    pub interim: bool,
}

const fn yes() -> bool {
    true
}

/// What whoever carries a key may say after that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum KeyClientMessage {
    /// No more audio: what is buffered is transcribed, then the connection is closed.
    Finish,
}

/// From the node to whoever carries a key.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum KeyServerMessage {
    /// Audio may be sent.
    Ready {
        /// Seconds of audio that are left of the key.
        remaining_seconds: u32,
        /// Languages served.
        languages: Vec<String>,
    },
    /// What was said. Times count from the start of the key's audio, over all its connections.
    Transcription {
        /// The text.
        text: String,
        /// Seconds.
        start: f64,
        /// Seconds.
        end: f64,
        /// 0 to 1.
        confidence: f64,
        /// False for a text that the next one replaces.
        is_final: bool,
        /// ISO 639-1.
        language: String,
        /// From the segment's last sample reaching the worker to this text; 0 if it is not final.
        latency_ms: u32,
    },
    /// Somebody begins to speak, or has stopped.
    VadEvent {
        /// Which of the two.
        event: VadEvent,
        /// Seconds from the start of the key's audio.
        at: f64,
    },
    /// Said at 60 s and at 10 s.
    SessionExpiring {
        /// Seconds of audio that are left.
        remaining_seconds: u32,
    },
    /// The key was extended.
    SessionExtended {
        /// Seconds of audio that are left.
        remaining_seconds: u32,
    },
    /// The key is used up; close code 4002 follows.
    SessionExpired,
    /// Refused or broken off; a close code follows.
    Error {
        /// What kind of error.
        code: ErrorCode,
        /// For people.
        message: String,
    },
}
