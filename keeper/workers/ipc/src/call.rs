//! What the node role and the SFU worker say to each other.
//!
//! The worker verifies a token's signature and asks whether its issuer is served; who pays, and how
//! much is left, only the node role knows. The worker counts what it forwards and reports it every
//! few seconds; the node role makes minutes, receipts and money of it.
//!
//! **Order.** The worker speaks first ([`FromSfu::Ready`]). Every [`FromSfu::Authorize`] gets one
//! answer. Reports are numbered from 1 within a life of the worker's process; a worker keeps what is
//! not yet acknowledged and sends it again, under the same numbers, as the first reports of its next
//! connection. The node role knows by [`FromSfu::Ready`]'s `instance` which numbers it has booked,
//! so nothing is counted twice.
//!
//! **Crash.** A worker that dies takes with it what it had not reported: at most
//! [`REPORT_EVERY_MS`] of usage.

use borsh::{BorshDeserialize, BorshSerialize};
use heliograph_protocol::Address;

/// Version of these messages.
pub const CALL_VERSION: u16 = 2;

/// How often usage is reported.
pub const REPORT_EVERY_MS: u64 = 5_000;

/// Entries in one report at most; more usage makes more reports.
pub const REPORT_ENTRIES_MAX: usize = 500;

/// Bytes of room names and identities in one report at most, but for a single entry.
pub const REPORT_NAMES_BYTES_MAX: usize = 64 * 1024;

// Entries without their names: two length prefixes, three counts of seconds, two of bytes.
const _: () = assert!(
    REPORT_NAMES_BYTES_MAX + REPORT_ENTRIES_MAX * (2 * 4 + 3 * 4 + 2 * 8) + 128
        <= crate::MAX_FRAME_BYTES
);

/// From the node role to the SFU.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ToSfu {
    /// The token's issuer is served.
    Allowed {
        /// Which question.
        request: u64,
        /// Whose rooms: rooms of one name in two scopes are two rooms. The app's account.
        scope: Address,
        /// Who pays: the session to which usage is reported.
        payer: Address,
        /// Participants the payer may have at once at this node.
        participants_max: u32,
        /// Whose speech the payer pays to have transcribed.
        captions: Captions,
    },
    /// The token is of no use here.
    Refused {
        /// Which question.
        request: u64,
        /// For people; sent to the client with 401.
        reason: String,
    },
    /// Nothing more is paid for this session: its participants are told to leave, and tokens
    /// accepted before are no longer. Answered by [`FromSfu::Revoked`].
    Revoke {
        /// The session.
        payer: Address,
        /// For people.
        reason: String,
    },
    /// The report is booked.
    Booked {
        /// Its number.
        report: u64,
    },
    /// Take no new participants; with `url`, tell those that are here to go there.
    Drain {
        /// Where to; `None` to only refuse new ones.
        url: Option<String>,
    },
    /// Tell a room's participants to go to another node.
    Move {
        /// Scope of the room.
        scope: Address,
        /// Its name.
        room: String,
        /// `wss://` URL of the other node.
        url: String,
    },
    /// A tap ends and is not opened again while its track lives. Answered by
    /// [`FromSfu::TapClosed`].
    EndTap {
        /// Scope of the room.
        scope: Address,
        /// Its name.
        room: String,
        /// Which.
        tap: u64,
    },
    /// A text of a tapped participant, to be shown in the room.
    Caption {
        /// Scope of the room.
        scope: Address,
        /// Its name.
        room: String,
        /// Who spoke.
        identity: String,
        /// The track that was tapped.
        track_sid: String,
        /// Id of the segment, the same for its interim texts and its final one.
        segment: String,
        /// What was said.
        text: String,
        /// ISO 639-1.
        language: String,
        /// Unix time in ms of the segment's first and last sample.
        start_unix_ms: u64,
        /// Last.
        end_unix_ms: u64,
        /// Whether the text will not change.
        is_final: bool,
    },
}

/// Whose speech is transcribed in the rooms that a session pays for.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Captions {
    /// Whether the session has bought transcription: if not, nobody's.
    pub bought: bool,
    /// That of everybody whose token does not say otherwise: in which language (ISO 639-1), empty
    /// for automatic.
    pub everybody: Option<String>,
}

/// From the SFU to the node role.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum FromSfu {
    /// First message of a connection: the worker serves.
    Ready {
        /// [`CALL_VERSION`] of the worker.
        version: u16,
        /// Random, the same for a process's life: which reports are numbered together.
        instance: [u8; 16],
        /// Where it takes signalling, as bound.
        signalling: String,
        /// Participants that it holds at most.
        participants_max: u32,
    },
    /// Somebody comes with a token whose signature is good. `issuer` is its `iss`, an Ed25519 key.
    Authorize {
        /// Number of the question.
        request: u64,
        /// The key that signed the token.
        issuer: Address,
        /// The session that the token asks to be charged, if it names one.
        payer: Option<Address>,
        /// The token's room; empty where it names none (room service).
        room: String,
        /// The token's identity; empty where it names none.
        identity: String,
    },
    /// What was forwarded since the last report.
    Usage {
        /// Number of the report, without gaps within a process.
        report: u64,
        /// The session that pays.
        payer: Address,
        /// Of each participant with anything to report.
        entries: Vec<CallUsage>,
        /// How it went.
        quality: CallQuality,
    },
    /// Everything that was served for the session until it was revoked has been reported.
    Revoked {
        /// The session.
        payer: Address,
    },
    /// Something that webhooks are told, as a LiveKit `WebhookEvent` (protobuf).
    Event {
        /// The session that pays for the room.
        payer: Address,
        /// Encoded `livekit.WebhookEvent`.
        event: Vec<u8>,
    },
    /// Audio of a participant who is to be transcribed begins. Said again, with the same number, to
    /// a node role that connects while it goes on.
    TapOpened {
        /// Used once in a worker's life.
        tap: u64,
        /// The session that pays.
        payer: Address,
        /// Scope of the room.
        scope: Address,
        /// Its name.
        room: String,
        /// Who speaks.
        identity: String,
        /// The track.
        track_sid: String,
        /// ISO 639-1; `None` leaves it to the speech worker.
        language: Option<String>,
    },
    /// Somebody's speech was to be transcribed and cannot be.
    TapRefused {
        /// The session that would have paid.
        payer: Address,
        /// Name of the room.
        room: String,
        /// Whose.
        identity: String,
        /// In which track.
        track_sid: String,
        /// For people.
        reason: String,
    },
    /// Tapped audio: 16 kHz, mono, losses concealed and gaps filled with silence; silence of more
    /// than 2 s is cut short.
    TapAudio {
        /// Which tap.
        tap: u64,
        /// At most [`crate::MAX_AUDIO_SAMPLES`].
        pcm: Vec<i16>,
    },
    /// The tap has ended.
    TapClosed {
        /// Which.
        tap: u64,
    },
}

/// A participant's share of a report.
///
/// A participant's second counts for a kind when in it at least one packet of that kind was
/// forwarded from the participant to somebody, or to the participant. Alone in a room nobody is
/// charged, and neither is silence that is not sent (DTX).
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CallUsage {
    /// Room name.
    pub room: String,
    /// Participant's identity.
    pub identity: String,
    /// Participant-seconds of audio.
    pub audio_secs: u32,
    /// Participant-seconds of video.
    pub video_secs: u32,
    /// Participant-seconds of data.
    pub data_secs: u32,
    /// Media and data bytes received from the participant.
    pub bytes_in: u64,
    /// Media and data bytes sent to the participant.
    pub bytes_out: u64,
}

/// How the media went since the last report, over the payer's participants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct CallQuality {
    /// 95th percentile of round-trip time in ms; 0 if not measured.
    pub rtt_p95_ms: u32,
    /// 95th percentile of interarrival jitter in ms; 0 if not measured.
    pub jitter_p95_ms: u32,
    /// Packets expected from and by the participants.
    pub packets: u64,
    /// How many of them were lost.
    pub packets_lost: u64,
}
