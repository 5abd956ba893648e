//! A participant's state.

use super::ConnectionId;
use super::data_track::DataReader;
use super::ids::ParticipantId;
use super::peer::{Offering, Peer};
use super::permission::TrackPermissions;
use super::publish::Announced;
use super::quality::QualityOf;
use super::subscribe::Subscription;
use crate::access::{Captions, Claims, Payer};
use crate::media::api::{Mid, PeerId, TrackId};
use livekit_protocol as proto;
use std::any::Any;
use std::collections::{BTreeMap, HashMap, HashSet};

/// A place that is free again when it is dropped. What it counts is its maker's business.
#[derive(Default)]
pub struct Seat(Option<Box<dyn Any + Send + Sync>>);

impl Seat {
    /// Keeps `place` for as long as the participant stays.
    pub fn new(place: impl Any + Send + Sync) -> Self {
        Self(Some(Box::new(place)))
    }
}

impl std::fmt::Debug for Seat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Seat").field(&self.0.is_some()).finish()
    }
}

/// `JOINING → JOINED → ACTIVE`, and then gone.
pub(super) type State = proto::participant_info::State;

/// Somebody in the room.
#[derive(Debug)]
pub(super) struct Participant {
    pub id: ParticipantId,
    pub sid: String,
    pub claims: Claims,
    pub payer: Option<Payer>,
    pub captions: Captions,
    pub name: String,
    pub metadata: String,
    pub attributes: BTreeMap<String, String>,
    pub permission: proto::ParticipantPermission,
    pub client: proto::ClientInfo,
    pub state: State,
    /// Counts changes that others are told, so that clients can tell old news from new.
    pub version: u32,
    pub joined_ms: u64,
    /// `None` while the client is expected back.
    pub connection: Option<ConnectionId>,
    pub lost_since_ms: Option<u64>,
    /// Who left meanwhile: told on return.
    pub missed: Vec<proto::ParticipantInfo>,
    /// The connection that the client offers.
    pub publisher: Peer,
    /// The connection that the server offers, with two of them.
    pub subscriber: Option<Offering>,
    /// Since when the media has been unreachable or beyond repair.
    pub unreachable_since_ms: Option<u64>,
    pub failed: bool,

    pub announced: Vec<Announced>,
    pub published: Vec<TrackId>,
    pub permissions: TrackPermissions,

    pub auto_subscribe: bool,
    /// What the client has said about single tracks.
    pub asked: HashMap<TrackId, bool>,
    pub settings: HashMap<TrackId, proto::UpdateTrackSettings>,
    pub subscriptions: BTreeMap<TrackId, Subscription>,
    /// Tracks that the client asked for and may not have.
    pub denied: HashSet<TrackId>,
    /// Sections that were used, until the client has seen them inactive.
    pub draining: HashSet<Mid>,

    /// Of the last reliable message.
    pub data_sequence: u32,
    /// A message of this participant's went to somebody in this second.
    pub data_forwarded: bool,
    pub data_reader: DataReader,
    pub quality: QualityOf,
    #[allow(dead_code, reason = "held, not read")]
    pub seat: Seat,
}

impl Participant {
    /// The connection that media and data go out on.
    pub(super) fn receiving_peer(&self) -> PeerId {
        self.subscriber.as_ref().map_or(self.publisher.id, |subscriber| subscriber.id)
    }

    /// Others neither see nor hear of this one.
    pub(super) fn hidden(&self) -> bool {
        self.permission.hidden
    }

    pub(super) fn identity(&self) -> &str {
        &self.claims.identity
    }

    /// Something that others are told has changed.
    pub(super) fn changed(&mut self) {
        self.version += 1;
    }
}
