//! The room service's calls.

use super::data::Destinations;
use super::ids::ParticipantId;
pub use super::metadata::Profile;
use super::{Room, RoomOptions};
use crate::media::api::DataChannel;
use livekit_protocol as proto;
use proto::data_packet::Value;
use proto::leave_request::Action;
use proto::request_response::Reason;
use proto::signal_response::Message;

/// A call.
#[derive(Clone, Debug)]
pub enum Call {
    /// The room as it is.
    Describe,
    /// Sets what can be set when a room is made.
    Configure(RoomOptions),
    /// Ends the room.
    Delete,
    /// New metadata of the room.
    UpdateMetadata(String),
    /// Everybody in it.
    Participants,
    /// One of them.
    Participant {
        /// Who.
        identity: String,
    },
    /// Sends one away.
    Remove {
        /// Who.
        identity: String,
    },
    /// Mutes a track. Nobody's microphone is switched on from afar.
    Mute {
        /// Whose.
        identity: String,
        /// Which.
        track_sid: String,
        /// Muted or not.
        muted: bool,
    },
    /// Changes what a participant says of itself, or may do.
    Update {
        /// Who.
        identity: String,
        /// What it says.
        profile: Profile,
        /// What it may do; `None` for as before.
        permission: Option<Box<proto::ParticipantPermission>>,
    },
    /// Subscribes a participant to tracks, or from them.
    Subscriptions {
        /// Who.
        identity: String,
        /// Which, and whether.
        update: proto::UpdateSubscription,
    },
    /// Sends a message as the server.
    SendData(Box<SendData>),
}

/// A message to participants.
#[derive(Clone, Debug, Default)]
pub struct SendData {
    /// What.
    pub payload: Vec<u8>,
    /// Whether it must arrive.
    pub reliable: bool,
    /// To whom; everybody, if nobody is named here or in `sids`.
    pub identities: Vec<String>,
    /// To whom.
    pub sids: Vec<String>,
    /// What about.
    pub topic: Option<String>,
    /// Tells copies apart.
    pub nonce: Vec<u8>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// It is done.
    Done,
    /// The room.
    Room(Box<proto::Room>),
    /// A participant.
    Participant(Box<proto::ParticipantInfo>),
    /// Participants.
    Participants(Vec<proto::ParticipantInfo>),
    /// A track.
    Track(Box<proto::TrackInfo>),
}

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no such room, participant or track.
    #[error("{0} not found")]
    NotFound(&'static str),
    /// It makes no sense.
    #[error("{0}")]
    Invalid(&'static str),
    /// The room has just ended, or the worker stops.
    #[error("the room has ended")]
    Ended,
}

impl Room {
    pub(super) fn call(&mut self, call: Call) -> Result<Reply, CallError> {
        match call {
            Call::Describe => Ok(self.room_reply()),
            Call::Configure(options) => {
                self.check_metadata(&options.metadata)?;
                self.metadata.clone_from(&options.metadata);
                self.options = options;
                self.tell_room();
                Ok(self.room_reply())
            }
            Call::Delete => {
                self.end(proto::RoomEndReason::RoomEndApiDelete);
                Ok(Reply::Done)
            }
            Call::UpdateMetadata(metadata) => {
                self.check_metadata(&metadata)?;
                self.metadata = metadata;
                self.tell_room();
                Ok(self.room_reply())
            }
            Call::Participants => {
                let everybody = self.participants.values().map(|p| self.info_of(p));
                Ok(Reply::Participants(everybody.collect()))
            }
            Call::Participant { identity } => {
                let who = self.find(&identity)?;
                Ok(Reply::Participant(Box::new(self.participant_info(who))))
            }
            Call::Remove { identity } => {
                let who = self.find(&identity)?;
                let reason = proto::DisconnectReason::ParticipantRemoved;
                self.dismiss(who, reason, Action::Disconnect);
                Ok(Reply::Done)
            }
            Call::Mute { identity, track_sid, muted } => {
                self.mute_track(&identity, &track_sid, muted)
            }
            Call::Update { identity, profile, permission } => {
                let who = self.find(&identity)?;
                self.set_profile(who, profile).map_err(|reason| match reason {
                    Reason::LimitExceeded => CallError::Invalid("too long"),
                    _ => CallError::NotFound("participant"),
                })?;
                if let Some(permission) = permission {
                    self.set_permission(who, *permission);
                }
                Ok(Reply::Participant(Box::new(self.participant_info(who))))
            }
            Call::Subscriptions { identity, update } => {
                let who = self.find(&identity)?;
                self.update_subscription(who, &update);
                Ok(Reply::Done)
            }
            Call::SendData(message) => self.send_data(*message),
        }
    }

    fn mute_track(
        &mut self,
        identity: &str,
        track_sid: &str,
        muted: bool,
    ) -> Result<Reply, CallError> {
        let who = self.find(identity)?;
        let track = self.track_of(track_sid).filter(|track| track.owner == who);
        let track = track.ok_or(CallError::NotFound("track"))?;
        if track.info.muted && !muted {
            return Err(CallError::Invalid("a track can be unmuted by its publisher alone"));
        }
        let id = track.id;
        let was_muted = track.info.muted;
        self.set_muted(id, muted);
        if muted && !was_muted {
            let message = proto::MuteTrackRequest { sid: track_sid.to_owned(), muted };
            self.tell(who, Message::Mute(message));
        }
        let track = self.tracks.get(&id).ok_or(CallError::NotFound("track"))?;
        Ok(Reply::Track(Box::new(track.info.clone())))
    }

    fn send_data(&mut self, message: SendData) -> Result<Reply, CallError> {
        if message.payload.len() > self.limits.data_max {
            return Err(CallError::Invalid("too long"));
        }
        let (channel, kind) = if message.reliable {
            (DataChannel::Reliable, proto::data_packet::Kind::Reliable)
        } else {
            (DataChannel::Lossy, proto::data_packet::Kind::Lossy)
        };
        let user = proto::UserPacket {
            payload: message.payload,
            topic: message.topic,
            nonce: message.nonce,
            ..Default::default()
        };
        #[allow(deprecated, reason = "older clients read it")]
        let packet = proto::DataPacket {
            kind: kind as i32,
            destination_identities: message.identities.clone(),
            value: Some(Value::User(user)),
            ..Default::default()
        };
        let to = Destinations { identities: message.identities, sids: message.sids };
        self.send_packet(None, channel, &to, &packet);
        Ok(Reply::Done)
    }

    fn find(&self, identity: &str) -> Result<ParticipantId, CallError> {
        self.by_identity.get(identity).copied().ok_or(CallError::NotFound("participant"))
    }

    fn room_reply(&self) -> Reply {
        Reply::Room(Box::new(self.room_info()))
    }

    fn check_metadata(&self, metadata: &str) -> Result<(), CallError> {
        if metadata.len() > self.limits.metadata_max {
            return Err(CallError::Invalid("metadata is too long"));
        }
        Ok(())
    }
}
