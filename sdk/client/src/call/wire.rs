//! What host and node say to each other on `/v1/calls`: JSON in text frames.
//!
//! ```text
//! host                                node
//! host ─────────────────────────────▶
//!        ◀─────────────────────────── hosting, minutes not answered yet
//!        ◀─────────────────────────── minute (after each minute in which somebody was served)
//! voucher ──────────────────────────▶
//! finish ───────────────────────────▶
//!        ◀─────────────────────────── minute, ended
//! ```
//!
//! A host that connects again takes over from the connection before.

use crate::stream::wire::base64_borsh;
use crate::stream::{EndReason, ErrorCode};
use borsh::{BorshDeserialize, BorshSerialize};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use serde::{Deserialize, Serialize};

/// Path at a node's endpoint.
pub const CALLS_PATH: &str = "/v1/calls";

/// From the host.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum HostMessage {
    /// First message: which session pays, and that the app asks for it.
    Host {
        /// A [`heliograph_protocol::stream::StreamOpen`], signed by the session's voucher signer.
        #[serde(with = "base64_borsh")]
        open: Signed,
        /// Where webhooks go: an `https://` URL, or `http://` on the node's own machine.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        webhook: Option<String>,
        /// Everybody's speech is to be transcribed, but for those whose tokens say otherwise. Needs a
        /// session that has bought transcription. Holds for whoever joins from then on.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        captions: Option<Captions>,
    },
    /// Payment for the minute of a receipt.
    Voucher {
        /// A [`heliograph_protocol::voucher::Voucher`], signed by the session's voucher signer.
        #[serde(with = "base64_borsh")]
        voucher: Signed,
    },
    /// The calls are over: whoever is still in one leaves, and the last minute is charged.
    Finish,
}

/// What captions are to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Captions {
    /// ISO 639-1; without it the speech worker detects the language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// From the node.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum NodeMessage {
    /// Participants with tokens of the app are admitted from now on.
    Hosting {
        /// The node key, base58.
        node_key: String,
        /// Where participants connect, a `ws://` or `wss://` URL for LiveKit's clients.
        url: String,
        /// Ordinal of the session's next receipt.
        next_sequence: u32,
    },
    /// A minute was served; the host answers with its voucher.
    Minute {
        /// The receipt, signed by the node key.
        #[serde(with = "base64_borsh")]
        receipt: ArchivedReceipt,
        /// What its usage consists of.
        participants: Vec<ParticipantUsage>,
    },
    /// Somebody's speech was to be transcribed and is not, or no more.
    NotTranscribed {
        /// Room name; empty if it is nobody's any more.
        room: String,
        /// The participant's identity; empty if it is nobody's any more.
        identity: String,
        /// For people.
        reason: String,
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

/// A participant's share of a minute.
///
/// A second counts for a kind when in it something of that kind was forwarded from the participant
/// to somebody, or to the participant.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, BorshSerialize, BorshDeserialize,
)]
pub struct ParticipantUsage {
    /// Room name.
    pub room: String,
    /// The participant's identity.
    pub identity: String,
    /// Seconds of audio.
    pub audio_secs: u32,
    /// Seconds of video.
    pub video_secs: u32,
    /// Seconds of data.
    pub data_secs: u32,
    /// Bytes received from the participant.
    pub bytes_in: u64,
    /// Bytes sent to the participant.
    pub bytes_out: u64,
    /// Samples at 16 kHz of the participant's speech that were transcribed or found to be silence.
    #[serde(default)]
    pub transcribed_samples: u64,
}

impl ParticipantUsage {
    /// Seconds of audio, video and data.
    pub const fn secs(&self) -> [u32; 3] {
        [self.audio_secs, self.video_secs, self.data_secs]
    }
}
