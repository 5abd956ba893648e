//! What rooms tell the outside, and what the outside tells rooms. The node role is at the other
//! end if there is one; a worker on its own drops the notices.

use crate::access::{Payer, Scope};
use livekit_protocol::WebhookEvent;

/// From a room.
#[derive(Clone, Debug)]
pub enum Notice {
    /// A second's worth of forwarding for one participant.
    Served(Served),
    /// Something that webhooks are told.
    Event {
        /// Who pays for the room.
        payer: Option<Payer>,
        /// What happened.
        event: Box<WebhookEvent>,
    },
    /// Audio of a participant who is to be transcribed begins.
    TapOpened {
        /// Number of the tap, never used twice in a process.
        tap: u64,
        /// Who pays.
        payer: Payer,
        /// Where.
        scope: Scope,
        /// Where.
        room: String,
        /// Who speaks.
        identity: String,
        /// In which track.
        track_sid: String,
        /// ISO 639-1.
        language: Option<String>,
    },
    /// Somebody's speech was to be transcribed and cannot be.
    TapRefused {
        /// Who would have paid.
        payer: Payer,
        /// Where.
        room: String,
        /// Whose.
        identity: String,
        /// In which track.
        track_sid: String,
        /// Why, for people.
        reason: &'static str,
    },
    /// 16 kHz mono audio of a tap.
    TapAudio {
        /// Which.
        tap: u64,
        /// At most 8 s.
        pcm: Vec<i16>,
    },
    /// A tap is over.
    TapClosed {
        /// Which.
        tap: u64,
    },
}

/// What one participant was served in one interval of [`crate::media::api::STATS_EVERY_MS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Served {
    /// Who pays.
    pub payer: Payer,
    /// Where.
    pub room: String,
    /// Who.
    pub identity: String,
    /// Audio was forwarded from or to the participant.
    pub audio: bool,
    /// Video was.
    pub video: bool,
    /// Data was.
    pub data: bool,
    /// Bytes received from the participant.
    pub bytes_in: u64,
    /// Bytes sent to the participant.
    pub bytes_out: u64,
    /// Round-trip time in ms, if measured.
    pub rtt_ms: Option<u32>,
    /// Interarrival jitter in ms, if measured.
    pub jitter_ms: Option<u32>,
    /// Packets expected from and by the participant.
    pub packets: u64,
    /// How many of them were lost.
    pub packets_lost: u64,
}

/// To rooms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Everybody whom this session pays for leaves.
    Revoke {
        /// The session.
        payer: Payer,
        /// For people.
        reason: String,
    },
    /// No new participants; with a URL, those that are here go there.
    Drain {
        /// `wss://` URL of another node.
        url: Option<String>,
    },
    /// A room goes to another node.
    Move {
        /// Which.
        scope: Scope,
        /// Which.
        room: String,
        /// `wss://` URL of the other node.
        url: String,
    },
    /// A tap ends, and is not opened again while its track lives.
    EndTap {
        /// Where.
        scope: Scope,
        /// Where.
        room: String,
        /// Which.
        tap: u64,
    },
    /// A text for a room.
    Caption(Caption),
}

/// What a participant said, as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caption {
    /// Where.
    pub scope: Scope,
    /// Where.
    pub room: String,
    /// Who spoke.
    pub identity: String,
    /// In which track.
    pub track_sid: String,
    /// The same for a segment's interim texts and its final one.
    pub segment: String,
    /// What was said.
    pub text: String,
    /// ISO 639-1.
    pub language: String,
    /// Unix time in ms of the first sample.
    pub start_unix_ms: u64,
    /// Unix time in ms after the last one.
    pub end_unix_ms: u64,
    /// Whether the text will not change.
    pub is_final: bool,
}
