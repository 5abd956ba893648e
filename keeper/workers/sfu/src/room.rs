//! A room: who is in it, who publishes what, who hears whom.
//!
//! A pure machine. [`Room::handle`] takes what happened and the time, and returns what is to be
//! done about it: messages to participants, commands to the media plane, notices to the outside.
//! Nothing here waits, sleeps, reads a clock or touches a socket.
//!
//! One file a concern; each is an `impl Room` with the state it owns.

mod admin;
mod captions;
mod data;
mod data_track;
mod dynacast;
mod effect;
mod ids;
mod info;
mod input;
mod leave;
mod limits;
mod membership;
mod metadata;
mod negotiate;
mod orders;
mod participant;
mod peer;
mod permission;
mod publish;
mod quality;
mod quirks;
mod requests;
mod served;
mod settings;
mod speakers;
mod subscribe;
mod taps;
#[cfg(test)]
mod tests;
mod track;
mod webhook;

pub use admin::{Call, CallError, Profile, Reply, SendData};
pub use effect::Effect;
pub use ids::ConnectionId;
pub use input::{Input, Join, Resume, Transport};
pub use limits::{Limits, RoomOptions};
pub use membership::leave as leave_message;
pub use participant::Seat;

use crate::access::{Payer, Scope};
use crate::media::api::{Command, Event, PeerId, RoomId, TrackId};
use crate::turn::Turn;
use data_track::DataTrack;
use ids::{Ids, ParticipantId};
use livekit_protocol as proto;
use participant::Participant;
use proto::signal_response::Message;
use speakers::Speakers;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use track::{Tap, Track};

/// What a room begins with.
#[derive(Clone, Debug)]
pub struct Opening {
    /// Its number at the media plane; less than 2^32.
    pub id: RoomId,
    /// Whose.
    pub scope: Scope,
    /// Its name.
    pub name: String,
    /// Of whoever opens it.
    pub payer: Option<Payer>,
    /// What its life is like.
    pub options: RoomOptions,
    /// Its bounds.
    pub limits: Limits,
    /// Relays that its participants are told of.
    pub turn: Option<Arc<Turn>>,
    /// Makes its ids.
    pub seed: u64,
}

/// A room. See the module.
#[derive(Debug)]
pub struct Room {
    scope: Scope,
    name: String,
    sid: String,
    /// Of whoever opened the room; webhooks about it go there.
    payer: Option<Payer>,
    options: RoomOptions,
    limits: Limits,
    turn: Option<Arc<Turn>>,
    created_ms: u64,
    metadata: String,
    ids: Ids,
    participants: BTreeMap<ParticipantId, Participant>,
    by_identity: HashMap<String, ParticipantId>,
    by_connection: HashMap<ConnectionId, ParticipantId>,
    by_peer: HashMap<PeerId, ParticipantId>,
    tracks: BTreeMap<TrackId, Track>,
    by_track_sid: HashMap<String, TrackId>,
    data_tracks: BTreeMap<u16, DataTrack>,
    speakers: Speakers,
    /// No new participants.
    closed: Option<String>,
    /// When the last participant left, or the room was opened.
    empty_since_ms: Option<u64>,
    /// Whether anybody has ever been in it.
    was_used: bool,
    ended: bool,
    membership: u64,
    /// Clients are to be told about the room.
    room_changed: bool,
    now_ms: u64,
    effects: Vec<Effect>,
}

impl Room {
    /// Opens a room. `now_ms` is Unix time, and never goes back from here on.
    pub fn open(opening: Opening, now_ms: u64) -> (Self, Vec<Effect>) {
        let Opening { id, scope, name, payer, options, limits, turn, seed } = opening;
        let mut ids = Ids::new(id, seed);
        let mut room = Self {
            scope,
            name,
            sid: ids.sid("RM_"),
            payer,
            metadata: options.metadata.clone(),
            options,
            limits,
            turn,
            created_ms: now_ms,
            ids,
            participants: BTreeMap::new(),
            by_identity: HashMap::new(),
            by_connection: HashMap::new(),
            by_peer: HashMap::new(),
            tracks: BTreeMap::new(),
            by_track_sid: HashMap::new(),
            data_tracks: BTreeMap::new(),
            speakers: Speakers::default(),
            closed: None,
            empty_since_ms: Some(now_ms),
            was_used: false,
            ended: false,
            membership: 0,
            room_changed: false,
            now_ms,
            effects: Vec::new(),
        };
        room.webhook("room_started", None, None);
        let effects = std::mem::take(&mut room.effects);
        (room, effects)
    }

    /// What is to be done about `input`. After [`Effect::Ended`] there is nothing more.
    pub fn handle(&mut self, now_ms: u64, input: Input) -> Vec<Effect> {
        self.now_ms = self.now_ms.max(now_ms);
        if !self.ended {
            self.dispatch(input);
            self.effects.extend(self.ended.then_some(Effect::Ended));
        }
        std::mem::take(&mut self.effects)
    }

    fn dispatch(&mut self, input: Input) {
        match input {
            Input::Join(join) => self.join(*join),
            Input::Resume(resume) => self.resume(*resume),
            Input::Request { connection, request } => {
                if let Some(&who) = self.by_connection.get(&connection) {
                    self.request(who, *request);
                }
            }
            Input::Lost { connection } => self.connection_lost(connection),
            Input::Media(event) => self.media(event),
            Input::Order(order) => self.order(order),
            Input::Call { call, reply } => {
                let outcome = self.call(call);
                self.effects.push(Effect::Reply { reply, outcome });
            }
            Input::Shutdown => self.end(proto::RoomEndReason::RoomEndServerShutdown),
            Input::Tick => self.tick(),
        }
    }

    fn media(&mut self, event: Event) {
        match event {
            Event::Answer { peer, offer, sdp } => self.offer_answered(peer, offer, &sdp),
            Event::Offer { peer, offer, sdp, mids } => self.offer_made(peer, offer, &sdp, mids),
            Event::Refused { peer, offer, reason } => self.offer_refused(peer, offer, &reason),
            Event::Connected { peer } => self.peer_connected(peer),
            Event::Disconnected { peer } => self.peer_disconnected(peer),
            Event::Failed { peer, reason } => self.peer_failed(peer, &reason),
            // Messages wait in the media plane until the channel is open.
            Event::ChannelOpen { .. } => {}
            Event::Data { peer, channel, payload } => self.data_received(peer, channel, payload),
            Event::TrackStarted { track, mime_type } => self.track_started(track, mime_type),
            Event::Forwarding { track, to, quality } => self.forwarding_changed(track, to, quality),
            Event::Levels { levels } => self.levels(&levels),
            Event::Tapped { track, rtp_time, payload } => {
                if let Some(Tap::Open(tap)) = self.tracks.get(&track).map(|track| track.tap) {
                    self.effects.push(Effect::Tapped { tap, rtp_time, payload });
                }
            }
            Event::Stats { peers, tracks, forwards } => {
                self.served(&peers, &tracks, &forwards);
                self.measure_quality(&peers, &tracks, &forwards);
            }
        }
    }

    fn tick(&mut self) {
        self.expire_participants();
        self.expire_negotiations();
        self.update_dynacast();
        self.expire_speakers();
        self.pause_taps();
        self.flush_room();
        self.expire_room();
    }

    /// Changes whenever somebody comes or goes.
    pub fn membership(&self) -> u64 {
        self.membership
    }

    /// Identities of those in the room.
    pub fn identities(&self) -> impl Iterator<Item = &str> {
        self.by_identity.keys().map(String::as_str)
    }

    /// How many are in the room.
    pub fn len(&self) -> usize {
        self.participants.len()
    }

    /// Nobody is in the room.
    pub fn is_empty(&self) -> bool {
        self.participants.is_empty()
    }

    // --- What every concern does ---------------------------------------------------------------

    fn command(&mut self, command: Command) {
        self.effects.push(Effect::Media(command));
    }

    /// A message to one participant; lost if its connection is.
    fn tell(&mut self, who: ParticipantId, message: Message) {
        if let Some(connection) = self.participants.get(&who).and_then(|p| p.connection) {
            let to = vec![connection];
            self.effects.push(Effect::Send { to, message: Box::new(message) });
        }
    }

    /// A message to everybody with a connection, but for `except`.
    fn tell_others(&mut self, except: Option<ParticipantId>, message: Message) {
        let to: Vec<ConnectionId> = self
            .participants
            .values()
            .filter(|participant| Some(participant.id) != except)
            .filter_map(|participant| participant.connection)
            .collect();
        if !to.is_empty() {
            self.effects.push(Effect::Send { to, message: Box::new(message) });
        }
    }
}
