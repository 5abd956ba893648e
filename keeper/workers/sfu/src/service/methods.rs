//! The methods, each from a request to what a room is called with.

use super::guard::Caller;
use super::twirp::{Code, Encoding, Error};
use crate::room::{Call, CallError, Profile, Reply, RoomOptions, SendData};
use crate::rooms::Rooms;
use axum::response::Response;
use bytes::Bytes;
use livekit_protocol as proto;

/// Letters of a room's name, as in tokens.
const NAME_MAX: usize = 256;

/// A call on its way.
struct Context<'a> {
    rooms: &'a Rooms,
    caller: &'a Caller,
}

/// Carries out a call.
pub(super) async fn call(
    rooms: &Rooms,
    caller: &Caller,
    method: &str,
    encoding: Encoding,
    body: &Bytes,
) -> Result<Response, Error> {
    let context = Context { rooms, caller };
    // Reads the request as the method's argument has it, and writes its answer.
    macro_rules! answer {
        ($method:ident) => {
            encoding.encode(&context.$method(encoding.decode(body)?).await?)
        };
    }
    Ok(match method {
        "CreateRoom" => answer!(create_room),
        "ListRooms" => answer!(list_rooms),
        "DeleteRoom" => answer!(delete_room),
        "ListParticipants" => answer!(list_participants),
        "GetParticipant" => answer!(participant),
        "RemoveParticipant" => answer!(remove_participant),
        "MutePublishedTrack" => answer!(mute_published_track),
        "UpdateParticipant" => answer!(update_participant),
        "UpdateSubscriptions" => answer!(update_subscriptions),
        "SendData" => answer!(send_data),
        "UpdateRoomMetadata" => answer!(update_room_metadata),
        "ForwardParticipant" | "MoveParticipant" | "PerformRpc" => {
            let message = format!("this server does not do {method}");
            return Err(Error::new(Code::Unimplemented, message));
        }
        _ => return Err(Error::new(Code::BadRoute, format!("no such method: {method}"))),
    })
}

impl Context<'_> {
    async fn create_room(&self, request: proto::CreateRoomRequest) -> Result<proto::Room, Error> {
        self.caller.may_create()?;
        if request.name.is_empty() || request.name.chars().count() > NAME_MAX {
            return Err(invalid("the room's name is missing or endless"));
        }
        if request.egress.is_some() || request.replay_enabled || !request.agents.is_empty() {
            let message = "this server records nothing and dispatches no agents";
            return Err(Error::new(Code::Unimplemented, message));
        }
        let admission = &self.caller.0;
        let options = options_of(&request);
        let made = self.rooms.create(&admission.scope, &request.name, admission.payer, options);
        Ok(made.await?)
    }

    async fn list_rooms(
        &self,
        request: proto::ListRoomsRequest,
    ) -> Result<proto::ListRoomsResponse, Error> {
        self.caller.may_list()?;
        let rooms = self.rooms.list(&self.caller.0.scope, &request.names).await;
        Ok(proto::ListRoomsResponse { rooms })
    }

    async fn delete_room(
        &self,
        request: proto::DeleteRoomRequest,
    ) -> Result<proto::DeleteRoomResponse, Error> {
        self.caller.may_create()?;
        self.call(&request.room, Call::Delete).await?;
        Ok(proto::DeleteRoomResponse {})
    }

    async fn list_participants(
        &self,
        request: proto::ListParticipantsRequest,
    ) -> Result<proto::ListParticipantsResponse, Error> {
        self.caller.may_admin(&request.room)?;
        match self.call(&request.room, Call::Participants).await? {
            Reply::Participants(participants) => {
                Ok(proto::ListParticipantsResponse { participants })
            }
            other => Err(unexpected(&other)),
        }
    }

    async fn participant(
        &self,
        request: proto::RoomParticipantIdentity,
    ) -> Result<proto::ParticipantInfo, Error> {
        self.caller.may_admin(&request.room)?;
        let call = Call::Participant { identity: request.identity };
        participant_of(self.call(&request.room, call).await?)
    }

    async fn remove_participant(
        &self,
        request: proto::RoomParticipantIdentity,
    ) -> Result<proto::RemoveParticipantResponse, Error> {
        self.caller.may_admin(&request.room)?;
        let call = Call::Remove { identity: request.identity };
        self.call(&request.room, call).await?;
        Ok(proto::RemoveParticipantResponse {})
    }

    async fn mute_published_track(
        &self,
        request: proto::MuteRoomTrackRequest,
    ) -> Result<proto::MuteRoomTrackResponse, Error> {
        self.caller.may_admin(&request.room)?;
        let call = Call::Mute {
            identity: request.identity,
            track_sid: request.track_sid,
            muted: request.muted,
        };
        match self.call(&request.room, call).await? {
            Reply::Track(track) => Ok(proto::MuteRoomTrackResponse { track: Some(*track) }),
            other => Err(unexpected(&other)),
        }
    }

    async fn update_participant(
        &self,
        request: proto::UpdateParticipantRequest,
    ) -> Result<proto::ParticipantInfo, Error> {
        self.caller.may_admin(&request.room)?;
        let call = Call::Update {
            identity: request.identity,
            profile: Profile {
                name: request.name,
                metadata: request.metadata,
                attributes: request.attributes,
            },
            permission: request.permission.map(Box::new),
        };
        participant_of(self.call(&request.room, call).await?)
    }

    async fn update_subscriptions(
        &self,
        request: proto::UpdateSubscriptionsRequest,
    ) -> Result<proto::UpdateSubscriptionsResponse, Error> {
        self.caller.may_admin(&request.room)?;
        let update = proto::UpdateSubscription {
            track_sids: request.track_sids,
            subscribe: request.subscribe,
            participant_tracks: request.participant_tracks,
        };
        let call = Call::Subscriptions { identity: request.identity, update };
        self.call(&request.room, call).await?;
        Ok(proto::UpdateSubscriptionsResponse {})
    }

    async fn send_data(
        &self,
        request: proto::SendDataRequest,
    ) -> Result<proto::SendDataResponse, Error> {
        self.caller.may_admin(&request.room)?;
        let reliable = request.kind() == proto::data_packet::Kind::Reliable;
        #[allow(deprecated, reason = "older backends name receivers so")]
        let sids = request.destination_sids;
        let message = SendData {
            payload: request.data,
            reliable,
            identities: request.destination_identities,
            sids,
            topic: request.topic,
            nonce: request.nonce,
        };
        self.call(&request.room, Call::SendData(Box::new(message))).await?;
        Ok(proto::SendDataResponse {})
    }

    async fn update_room_metadata(
        &self,
        request: proto::UpdateRoomMetadataRequest,
    ) -> Result<proto::Room, Error> {
        self.caller.may_admin(&request.room)?;
        let call = Call::UpdateMetadata(request.metadata);
        match self.call(&request.room, call).await? {
            Reply::Room(room) => Ok(*room),
            other => Err(unexpected(&other)),
        }
    }

    async fn call(&self, room: &str, call: Call) -> Result<Reply, Error> {
        Ok(self.rooms.call(&self.caller.0.scope, room, call).await?)
    }
}

/// What a new room is to be like; 0 is the default.
fn options_of(request: &proto::CreateRoomRequest) -> RoomOptions {
    let default = RoomOptions::default();
    let millis = |secs: u32, default_ms: u64| match secs {
        0 => default_ms,
        secs => u64::from(secs) * 1_000,
    };
    RoomOptions {
        empty_timeout_ms: millis(request.empty_timeout, default.empty_timeout_ms),
        departure_timeout_ms: millis(request.departure_timeout, default.departure_timeout_ms),
        participants_max: request.max_participants as usize,
        metadata: request.metadata.clone(),
    }
}

fn participant_of(reply: Reply) -> Result<proto::ParticipantInfo, Error> {
    match reply {
        Reply::Participant(participant) => Ok(*participant),
        other => Err(unexpected(&other)),
    }
}

fn unexpected(reply: &Reply) -> Error {
    tracing::error!(?reply, "room gave the answer to another call");
    Error::new(Code::Internal, "the room gave the answer to another call")
}

fn invalid(message: &str) -> Error {
    Error::new(Code::InvalidArgument, message)
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Self {
        let code = match error {
            CallError::NotFound(_) => Code::NotFound,
            CallError::Invalid(_) => Code::InvalidArgument,
            CallError::Ended => Code::NotFound,
        };
        Self::new(code, error.to_string())
    }
}
