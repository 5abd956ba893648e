//! A published track.

use super::dynacast::Dynacast;
use super::ids::ParticipantId;
use crate::media::api::{Kind, Mid, Quality, TrackId};
use livekit_protocol as proto;

/// A track that the media plane knows.
#[derive(Debug)]
pub(super) struct Track {
    pub id: TrackId,
    pub owner: ParticipantId,
    pub kind: Kind,
    /// Where it comes in.
    pub mid: Mid,
    /// Which track the section said it sends: when it says another, this one is over.
    pub section_track_id: Option<String>,
    /// What clients are told; `mid` and `mime_type` included.
    pub info: proto::TrackInfo,
    /// Layers, lowest first, with their width and height.
    pub layers: Vec<Layer>,
    /// The publisher has been told that somebody hears it.
    pub heard: bool,
    pub dynacast: Dynacast,
    /// Whether it is transcribed.
    pub tap: Tap,
    pub muted_since_ms: Option<u64>,
}

/// How it is with the transcription of a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tap {
    /// It is not transcribed.
    None,
    /// It is: the number of the tap.
    Open(u64),
    /// It will be again once it is not muted.
    Paused,
}

/// A layer as announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Layer {
    pub quality: Quality,
    pub width: u32,
    pub height: u32,
}

impl Track {
    pub(super) fn sid(&self) -> &str {
        &self.info.sid
    }
}
