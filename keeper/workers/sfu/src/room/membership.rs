//! Coming in and coming back.

use super::data_track::DataReader;
use super::ids::ParticipantId;
use super::info::{
    PING_INTERVAL_SECS, PING_TIMEOUT_SECS, SERVER_VERSION, enabled_codecs, permission_of,
    server_info, update,
};
use super::participant::{Participant, State};
use super::peer::{Offering, Peer};
use super::permission::TrackPermissions;
use super::quality::QualityOf;
use super::{ConnectionId, Effect, Join, Resume, Room, Transport};
use crate::media::api::{Command, PeerId};
use livekit_protocol as proto;
use proto::leave_request::Action;
use proto::signal_response::Message;
use std::collections::{BTreeMap, HashMap, HashSet};

/// How long a client without a signalling connection is waited for while its media flows.
const RESUME_MS: u64 = 30_000;
/// How long if its media is gone too.
const RESUME_WITHOUT_MEDIA_MS: u64 = 15_000;
/// How long a client may take for its first connection.
const CONNECT_MS: u64 = 30_000;
/// How long after the media's end a leave of the client's is waited for: it closes both at once,
/// and which arrives first is chance.
const FAILED_MS: u64 = 2_000;

impl Room {
    pub(super) fn join(&mut self, join: Join) {
        let connection = join.connection;
        if self.closed.is_some() {
            return self.turn_away(connection, proto::DisconnectReason::ServerShutdown);
        }
        let claims = &join.admission.claims;
        let again = self.by_identity.get(&claims.identity).copied();
        let max = self.options.participants_max;
        if max > 0 && again.is_none() && self.participants.len() >= max {
            return self.turn_away(connection, proto::DisconnectReason::JoinFailure);
        }
        if let Some(old) = again {
            let reason = proto::DisconnectReason::DuplicateIdentity;
            self.dismiss(old, reason, Action::Disconnect);
        }
        let announced = join.add_tracks.clone();
        let offer = join.offer.clone();
        let transport = join.transport;
        let who = self.admit(join);
        self.welcome(who, transport);
        if !self.participants.get(&who).is_none_or(Participant::hidden) {
            let message = update(vec![self.participant_info(who)]);
            self.tell_others(Some(who), message);
        }
        self.subscribe_to_all(who);
        for request in announced {
            self.add_track(who, request);
        }
        if let Some(offer) = offer {
            self.client_offer(who, offer);
        }
        self.negotiate(who);
        self.tell_room();
    }

    /// Makes the participant and its peer connections.
    fn admit(&mut self, join: Join) -> ParticipantId {
        let id = self.ids.participant();
        let publisher = self.ids.peer();
        self.command(Command::OpenPeer { peer: publisher });
        self.by_peer.insert(publisher, id);
        let subscriber = (join.transport == Transport::Dual).then(|| self.ids.peer());
        if let Some(peer) = subscriber {
            self.command(Command::OpenPeer { peer });
            self.by_peer.insert(peer, id);
        }
        let claims = join.admission.claims;
        let mut attributes: BTreeMap<String, String> = claims.attributes.iter().cloned().collect();
        let mut metadata = claims.metadata.clone();
        // As if it had asked right after coming in.
        if claims.grants.can_update_own_metadata {
            if (1..=self.limits.metadata_max).contains(&join.metadata.len()) {
                metadata = join.metadata;
            }
            let len: usize =
                join.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
            if len <= self.limits.attributes_max {
                attributes.extend(join.attributes);
            }
        }
        attributes.retain(|_, value| !value.is_empty());
        self.by_identity.insert(claims.identity.clone(), id);
        self.by_connection.insert(join.connection, id);
        let participant = Participant {
            id,
            sid: self.ids.sid("PA_"),
            payer: join.admission.payer,
            captions: join.admission.captions,
            name: claims.name.clone(),
            metadata,
            attributes,
            permission: permission_of(&claims.grants),
            claims,
            client: join.client,
            state: State::Joining,
            version: 1,
            joined_ms: self.now_ms,
            connection: Some(join.connection),
            lost_since_ms: None,
            missed: Vec::new(),
            publisher: Peer::new(publisher),
            subscriber: subscriber.map(Offering::new),
            unreachable_since_ms: None,
            failed: false,
            announced: Vec::new(),
            published: Vec::new(),
            permissions: TrackPermissions::default(),
            auto_subscribe: join.auto_subscribe,
            asked: HashMap::new(),
            settings: HashMap::new(),
            subscriptions: BTreeMap::new(),
            denied: HashSet::new(),
            draining: HashSet::new(),
            data_sequence: 0,
            data_forwarded: false,
            data_reader: DataReader::default(),
            quality: QualityOf::default(),
            seat: join.seat,
        };
        self.participants.insert(id, participant);
        self.membership += 1;
        self.empty_since_ms = None;
        self.was_used = true;
        id
    }

    /// The first message of a connection.
    fn welcome(&mut self, who: ParticipantId, transport: Transport) {
        let response = proto::JoinResponse {
            room: Some(self.room_info()),
            participant: Some(self.participant_info(who)),
            other_participants: self.others(who),
            server_version: SERVER_VERSION.to_owned(),
            subscriber_primary: transport == Transport::Dual,
            ping_timeout: PING_TIMEOUT_SECS,
            ping_interval: PING_INTERVAL_SECS,
            server_info: Some(server_info()),
            ice_servers: self.ice_servers(who),
            // Clients with end-to-end encryption pass frames that end with it undecrypted. This
            // server makes up no frames; the room's id is not guessed by accident.
            sif_trailer: self.sid.clone().into_bytes(),
            enabled_publish_codecs: enabled_codecs(),
            fast_publish: true,
            ..Default::default()
        };
        self.tell(who, Message::Join(response));
    }

    /// Relays, with credentials of the participant's own. None without: ICE needs no other server,
    /// since the worker's addresses are told as they are.
    fn ice_servers(&self, who: ParticipantId) -> Vec<proto::IceServer> {
        let both = self.turn.as_ref().zip(self.participants.get(&who));
        both.map(|(turn, who)| turn.server_for(&who.sid, self.now_ms)).into_iter().collect()
    }

    pub(super) fn resume(&mut self, resume: Resume) {
        let connection = resume.connection;
        let known = self.by_identity.get(&resume.identity).copied().filter(|who| {
            self.participants.get(who).is_some_and(|participant| {
                !participant.failed && (resume.sid.is_empty() || participant.sid == resume.sid)
            })
        });
        let Some(who) = known else {
            // The client is told to start anew.
            let message = leave(proto::DisconnectReason::StateMismatch, Action::Reconnect);
            self.effects.push(Effect::Send { to: vec![connection], message: Box::new(message) });
            self.effects.push(Effect::Close { connection });
            return;
        };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let old = participant.connection.replace(connection);
        participant.lost_since_ms = None;
        let missed = std::mem::take(&mut participant.missed);
        let last_message_seq = participant.data_sequence;
        participant.publisher.nudged = false;
        participant.publisher.asked = [0; 2];
        if let Some(old) = old {
            self.by_connection.remove(&old);
            self.effects.push(Effect::Close { connection: old });
        }
        self.by_connection.insert(connection, who);
        let response = proto::ReconnectResponse {
            server_info: Some(server_info()),
            ice_servers: self.ice_servers(who),
            last_message_seq,
            ..Default::default()
        };
        self.tell(who, Message::Reconnect(response));
        let mut everybody = missed;
        everybody.push(self.participant_info(who));
        everybody.extend(self.others(who));
        self.tell(who, update(everybody));
        let room = self.room_info();
        self.tell(who, Message::RoomUpdate(proto::RoomUpdate { room: Some(room) }));
        if let Some(sync) = resume.sync {
            self.sync_state(who, sync);
        }
        self.restart_offers(who);
        self.negotiate(who);
        self.repeat_dynacast(who);
        self.repeat_speakers(who);
        self.tell_quality_to(who);
    }

    pub(super) fn connection_lost(&mut self, connection: ConnectionId) {
        let Some(who) = self.by_connection.remove(&connection) else { return };
        let now_ms = self.now_ms;
        if let Some(participant) = self.participants.get_mut(&who) {
            participant.connection = None;
            participant.lost_since_ms = Some(now_ms);
        }
    }

    pub(super) fn peer_connected(&mut self, peer: PeerId) {
        let Some(&who) = self.by_peer.get(&peer) else { return };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        participant.unreachable_since_ms = None;
        if participant.publisher.id == peer {
            participant.publisher.connected = true;
        }
        if let Some(subscriber) = participant.subscriber.as_mut().filter(|s| s.id == peer) {
            subscriber.connected = true;
        }
        let primary = participant.receiving_peer() == peer;
        if primary && participant.state != State::Active {
            participant.state = State::Active;
            self.announce(who);
            self.webhook("participant_joined", Some(who), None);
            self.introduce_quality(who);
            self.repeat_speakers(who);
        }
    }

    pub(super) fn peer_disconnected(&mut self, peer: PeerId) {
        let now_ms = self.now_ms;
        let who = self.by_peer.get(&peer);
        if let Some(participant) = who.and_then(|who| self.participants.get_mut(who)) {
            participant.unreachable_since_ms.get_or_insert(now_ms);
        }
    }

    pub(super) fn peer_failed(&mut self, peer: PeerId, reason: &str) {
        self.peer_disconnected(peer);
        let who = self.by_peer.get(&peer);
        if let Some(participant) = who.and_then(|who| self.participants.get_mut(who)) {
            tracing::debug!(participant = participant.sid, reason, "peer connection failed");
            participant.failed = true;
        }
    }

    /// Sends away whoever does not come back, does not come up, or cannot be reached any more.
    pub(super) fn expire_participants(&mut self) {
        let now_ms = self.now_ms;
        let since = |at_ms: Option<u64>| at_ms.map_or(0, |at_ms| now_ms.saturating_sub(at_ms));
        let mut overdue = Vec::new();
        for participant in self.participants.values() {
            let patience_ms = match participant.unreachable_since_ms {
                Some(_) => RESUME_WITHOUT_MEDIA_MS,
                None => RESUME_MS,
            };
            let reason = if since(participant.lost_since_ms) >= patience_ms {
                proto::DisconnectReason::SignalClose
            } else if participant.state != State::Active
                && since(Some(participant.joined_ms)) >= CONNECT_MS
            {
                proto::DisconnectReason::JoinFailure
            } else if participant.connection.is_some()
                && participant.unreachable_since_ms.is_some()
                && since(participant.unreachable_since_ms)
                    >= if participant.failed { FAILED_MS } else { RESUME_MS }
            {
                // Its line lives, its media does not: a path that died, or a publisher without one.
                proto::DisconnectReason::MediaFailure
            } else {
                continue;
            };
            overdue.push((participant.id, reason));
        }
        for (who, reason) in overdue {
            self.dismiss(who, reason, Action::Reconnect);
        }
    }

    /// Ends a room that nobody is in.
    pub(super) fn expire_room(&mut self) {
        let Some(since_ms) = self.empty_since_ms else { return };
        let timeout_ms = if self.was_used {
            self.options.departure_timeout_ms
        } else {
            self.options.empty_timeout_ms
        };
        if self.now_ms.saturating_sub(since_ms) >= timeout_ms || self.closed.is_some() {
            self.end(proto::RoomEndReason::RoomEndIdleTimeout);
        }
    }

    fn turn_away(&mut self, connection: ConnectionId, reason: proto::DisconnectReason) {
        let message = leave(reason, Action::Disconnect);
        self.effects.push(Effect::Send { to: vec![connection], message: Box::new(message) });
        self.effects.push(Effect::Close { connection });
    }

    /// How many are in the room has changed, or its metadata: everybody is told at the next tick, so
    /// that a crowd coming in at once is not told of every head.
    pub(super) fn tell_room(&mut self) {
        self.room_changed = true;
    }

    pub(super) fn flush_room(&mut self) {
        if !std::mem::take(&mut self.room_changed) {
            return;
        }
        let room = self.room_info();
        self.tell_others(None, Message::RoomUpdate(proto::RoomUpdate { room: Some(room) }));
    }
}

/// A request to leave.
pub fn leave(reason: proto::DisconnectReason, action: Action) -> Message {
    Message::Leave(proto::LeaveRequest {
        can_reconnect: action != Action::Disconnect,
        reason: reason as i32,
        action: action as i32,
        regions: None,
    })
}
