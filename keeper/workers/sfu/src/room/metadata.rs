//! Names, metadata and attributes of participants.

use super::Room;
use super::ids::ParticipantId;
use livekit_protocol as proto;
use proto::request_response::{Reason, Request};
use proto::signal_response::Message;
use std::collections::HashMap;

/// A change of what a participant says of itself. Empty is unchanged; an attribute with an empty
/// value is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// The new name.
    pub name: String,
    /// The new metadata.
    pub metadata: String,
    /// Attributes to set.
    pub attributes: HashMap<String, String>,
}

impl Room {
    /// A participant's own wish.
    pub(super) fn update_metadata(
        &mut self,
        who: ParticipantId,
        request: proto::UpdateParticipantMetadata,
    ) {
        let Some(participant) = self.participants.get(&who) else { return };
        let allowed = participant.permission.can_update_metadata;
        let id = request.request_id;
        let profile = Profile {
            name: request.name.clone(),
            metadata: request.metadata.clone(),
            attributes: request.attributes.clone(),
        };
        let outcome =
            if allowed { self.set_profile(who, profile) } else { Err(Reason::NotAllowed) };
        let reason = outcome.err().unwrap_or(Reason::Ok);
        // A refusal is found by its number alone: what was asked for need not travel back.
        if id != 0 || reason != Reason::Ok {
            self.respond(who, id, reason, None);
        }
    }

    pub(super) fn set_profile(
        &mut self,
        who: ParticipantId,
        profile: Profile,
    ) -> Result<(), Reason> {
        let limits = self.limits;
        let participant = self.participants.get_mut(&who).ok_or(Reason::NotFound)?;
        let mut attributes = participant.attributes.clone();
        for (name, value) in profile.attributes {
            if value.is_empty() {
                attributes.remove(&name);
            } else {
                attributes.insert(name, value);
            }
        }
        let attributes_len: usize =
            attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
        if profile.name.len() > limits.name_max
            || profile.metadata.len() > limits.metadata_max
            || attributes_len > limits.attributes_max
        {
            return Err(Reason::LimitExceeded);
        }
        participant.attributes = attributes;
        if !profile.name.is_empty() {
            participant.name = profile.name;
        }
        if !profile.metadata.is_empty() {
            participant.metadata = profile.metadata;
        }
        self.announce(who);
        Ok(())
    }

    /// An answer to a request that carries a number, or that cannot be granted.
    pub(super) fn respond(
        &mut self,
        who: ParticipantId,
        request_id: u32,
        reason: Reason,
        request: Option<Request>,
    ) {
        let message = match reason {
            Reason::Ok => "",
            Reason::NotAllowed => "the token does not allow this",
            Reason::LimitExceeded => "too long, or too many",
            Reason::UnsupportedType => "not supported",
            Reason::NotFound => "not found",
            _ => "not possible",
        };
        let response = proto::RequestResponse {
            request_id,
            reason: reason as i32,
            message: message.to_owned(),
            request,
        };
        self.tell(who, Message::RequestResponse(response));
    }
}
