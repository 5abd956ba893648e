//! The room as clients are told of it.

use super::ids::ParticipantId;
use super::participant::{Participant, State};
use super::taps::TRANSCRIBED;
use super::track::Tap;
use super::{Room, Track};
use crate::access::Grants;
use livekit_protocol as proto;
use proto::signal_response::Message;
use std::collections::HashMap;

/// LiveKit's protocol that is spoken here.
pub const PROTOCOL: i32 = 16;
/// Told to clients, some of which ask for a minimum: the LiveKit server whose behaviour this is.
pub const SERVER_VERSION: &str = "1.9.0";
/// How often a client is to say that it lives.
pub const PING_INTERVAL_SECS: i32 = 5;
/// After how long without an answer it gives up.
pub const PING_TIMEOUT_SECS: i32 = 15;

impl Room {
    /// The room as a message.
    pub(super) fn room_info(&self) -> proto::Room {
        let publishers = self.participants.values().filter(|p| !p.published.is_empty()).count();
        let visible = self.participants.values().filter(|p| !p.hidden()).count();
        proto::Room {
            sid: self.sid.clone(),
            name: self.name.clone(),
            empty_timeout: secs(self.options.empty_timeout_ms),
            departure_timeout: secs(self.options.departure_timeout_ms),
            max_participants: count(self.options.participants_max),
            creation_time: signed(self.created_ms / 1_000),
            creation_time_ms: signed(self.created_ms),
            enabled_codecs: enabled_codecs(),
            metadata: self.metadata.clone(),
            num_participants: count(visible),
            num_publishers: count(publishers),
            ..Default::default()
        }
    }

    /// A participant as a message.
    pub(super) fn participant_info(&self, who: ParticipantId) -> proto::ParticipantInfo {
        self.participants.get(&who).map(|p| self.info_of(p)).unwrap_or_default()
    }

    pub(super) fn info_of(&self, participant: &Participant) -> proto::ParticipantInfo {
        let tracks = participant.published.iter().filter_map(|track| self.tracks.get(track));
        let data_tracks = self.data_tracks.values().filter(|track| track.owner == participant.id);
        let mut attributes: HashMap<String, String> =
            participant.attributes.clone().into_iter().collect();
        attributes.remove(TRANSCRIBED);
        if tracks.clone().any(|track| track.tap != Tap::None) {
            attributes.insert(TRANSCRIBED.to_owned(), "true".to_owned());
        }
        proto::ParticipantInfo {
            sid: participant.sid.clone(),
            identity: participant.identity().to_owned(),
            state: participant.state as i32,
            tracks: tracks.map(|track| track.info.clone()).collect(),
            metadata: participant.metadata.clone(),
            joined_at: signed(participant.joined_ms / 1_000),
            joined_at_ms: signed(participant.joined_ms),
            name: participant.name.clone(),
            version: participant.version,
            permission: Some(participant.permission.clone()),
            is_publisher: !participant.published.is_empty(),
            kind: kind_of(&participant.claims.kind) as i32,
            attributes,
            data_tracks: data_tracks.map(|track| track.info.clone()).collect(),
            client_protocol: participant.client.client_protocol,
            capabilities: participant.client.capabilities.clone(),
            ..Default::default()
        }
    }

    /// Everybody that `who` may know of, but for `who`.
    pub(super) fn others(&self, who: ParticipantId) -> Vec<proto::ParticipantInfo> {
        let others = self.participants.values().filter(|p| p.id != who && !p.hidden());
        others.map(|p| self.info_of(p)).collect()
    }

    /// Tells everybody how a participant is now; of a hidden one, itself alone.
    pub(super) fn announce(&mut self, who: ParticipantId) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        participant.changed();
        let hidden = participant.hidden();
        let message = update(vec![self.participant_info(who)]);
        if hidden {
            self.tell(who, message);
        } else {
            self.tell_others(None, message);
        }
    }

    pub(super) fn track_of(&self, sid: &str) -> Option<&Track> {
        self.by_track_sid.get(sid).and_then(|track| self.tracks.get(track))
    }
}

/// An update about participants.
pub(super) fn update(participants: Vec<proto::ParticipantInfo>) -> Message {
    Message::Update(proto::ParticipantUpdate { participants })
}

/// A participant who has left, as others are told.
pub(super) fn gone(
    mut info: proto::ParticipantInfo,
    reason: proto::DisconnectReason,
) -> proto::ParticipantInfo {
    info.state = State::Disconnected as i32;
    info.tracks.clear();
    info.data_tracks.clear();
    info.version += 1;
    info.disconnect_reason = reason as i32;
    info
}

/// This server.
pub(super) fn server_info() -> proto::ServerInfo {
    proto::ServerInfo {
        version: SERVER_VERSION.to_owned(),
        protocol: PROTOCOL,
        ..Default::default()
    }
}

/// Codecs that may be published; a client that prefers another falls back to one of these.
pub(super) fn enabled_codecs() -> Vec<proto::Codec> {
    ["audio/opus", "audio/red", "video/VP8", "video/H264", "video/VP9", "video/AV1"]
        .map(|mime| proto::Codec { mime: mime.to_owned(), ..Default::default() })
        .to_vec()
}

/// A token's grants as clients see them.
pub(super) fn permission_of(grants: &Grants) -> proto::ParticipantPermission {
    #[allow(deprecated, reason = "older clients read them")]
    proto::ParticipantPermission {
        can_subscribe: grants.can_subscribe,
        can_publish: grants.can_publish,
        can_publish_data: grants.can_publish_data,
        can_publish_sources: grants
            .can_publish_sources
            .iter()
            .filter_map(|word| source_of(word))
            .map(|source| source as i32)
            .collect(),
        hidden: grants.hidden,
        recorder: grants.recorder,
        can_update_metadata: grants.can_update_own_metadata,
        agent: grants.agent,
        ..Default::default()
    }
}

/// A source by the word that tokens have for it.
fn source_of(word: &str) -> Option<proto::TrackSource> {
    Some(match word {
        "camera" => proto::TrackSource::Camera,
        "microphone" => proto::TrackSource::Microphone,
        "screen_share" => proto::TrackSource::ScreenShare,
        "screen_share_audio" => proto::TrackSource::ScreenShareAudio,
        _ => return None,
    })
}

/// The word that tokens have for a source.
pub(super) fn source_word(source: i32) -> Option<&'static str> {
    ["camera", "microphone", "screen_share", "screen_share_audio"]
        .into_iter()
        .find(|word| source_of(word).is_some_and(|known| known as i32 == source))
}

/// A participant's kind by the word that tokens have for it.
fn kind_of(word: &str) -> proto::participant_info::Kind {
    use proto::participant_info::Kind;
    match word {
        "ingress" => Kind::Ingress,
        "egress" => Kind::Egress,
        "sip" => Kind::Sip,
        "agent" => Kind::Agent,
        "connector" => Kind::Connector,
        "bridge" => Kind::Bridge,
        _ => Kind::Standard,
    }
}

pub(super) fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn secs(millis: u64) -> u32 {
    u32::try_from(millis / 1_000).unwrap_or(u32::MAX)
}

pub(super) fn count(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
