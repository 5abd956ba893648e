//! Messages between participants.

use super::Room;
use super::ids::ParticipantId;
use super::participant::Participant;
use crate::media::api::{Command, DataChannel, PeerId};
use bytes::Bytes;
use livekit_protocol as proto;
use prost::Message as _;
use proto::data_packet::Value;

/// Receivers that one message may name.
const DESTINATIONS_MAX: usize = 2_000;

impl Room {
    pub(super) fn data_received(&mut self, peer: PeerId, channel: DataChannel, payload: Bytes) {
        let Some(&who) = self.by_peer.get(&peer) else { return };
        if channel == DataChannel::Track {
            return self.data_track_packet(who, &payload);
        }
        let allowed = |participant: &Participant| participant.permission.can_publish_data;
        if payload.len() > self.limits.data_max || !self.participants.get(&who).is_some_and(allowed)
        {
            return;
        }
        if let Ok(packet) = proto::DataPacket::decode(payload) {
            self.participant_message(who, channel, packet);
        }
    }

    fn participant_message(
        &mut self,
        who: ParticipantId,
        channel: DataChannel,
        mut packet: proto::DataPacket,
    ) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        // Who speaks is for the server to say; metrics are for nobody here.
        #[allow(deprecated, reason = "older clients may write them")]
        if matches!(packet.value, None | Some(Value::Speaker(_) | Value::Metrics(_))) {
            return;
        }
        if packet.sequence > 0 && channel == DataChannel::Reliable {
            // A client that has resumed sends again what it does not know to have arrived.
            if packet.sequence <= participant.data_sequence {
                return;
            }
            participant.data_sequence = packet.sequence;
        }
        participant.identity().clone_into(&mut packet.participant_identity);
        packet.participant_sid.clone_from(&participant.sid);
        let hidden = participant.hidden();
        if hidden {
            packet.participant_identity.clear();
            packet.participant_sid.clear();
        }
        let mut to = Destinations::default();
        to.identities.clone_from(&packet.destination_identities);
        if let Some(Value::User(user)) = &mut packet.value {
            to.read_user(user);
            #[allow(deprecated, reason = "older clients read them")]
            {
                user.participant_sid.clone_from(&packet.participant_sid);
                user.participant_identity.clone_from(&packet.participant_identity);
            }
        }
        #[allow(deprecated, reason = "older clients read it")]
        {
            packet.kind = match channel {
                DataChannel::Reliable => proto::data_packet::Kind::Reliable,
                _ => proto::data_packet::Kind::Lossy,
            } as i32;
        }
        let sent = self.send_packet(Some(who), channel, &to, &packet);
        if let Some(participant) = self.participants.get_mut(&who) {
            participant.data_forwarded |= sent;
        }
    }

    /// Sends a packet to those it names, or to everybody but its sender. Returns whether anybody
    /// got it.
    pub(super) fn send_packet(
        &mut self,
        from: Option<ParticipantId>,
        channel: DataChannel,
        destinations: &Destinations,
        packet: &proto::DataPacket,
    ) -> bool {
        let named = destinations.is_named();
        if destinations.len() > DESTINATIONS_MAX {
            return false;
        }
        let receivers = self.participants.values().filter(|participant| {
            Some(participant.id) != from
                && (!named || destinations.name(participant))
                && !participant.failed
        });
        let to: Vec<PeerId> = receivers.map(Participant::receiving_peer).collect();
        if to.is_empty() {
            return false;
        }
        let payload = Bytes::from(packet.encode_to_vec());
        self.command(Command::Data { channel, to, payload });
        true
    }
}

/// Who gets a message; everybody, if nobody is named.
#[derive(Debug, Default)]
pub(super) struct Destinations {
    pub identities: Vec<String>,
    pub sids: Vec<String>,
}

impl Destinations {
    /// Older clients name receivers in the message itself.
    fn read_user(&mut self, user: &proto::UserPacket) {
        #[allow(deprecated, reason = "older clients write them")]
        if self.identities.is_empty() {
            self.identities.clone_from(&user.destination_identities);
            self.sids.clone_from(&user.destination_sids);
        }
    }

    fn len(&self) -> usize {
        self.identities.len() + self.sids.len()
    }

    fn is_named(&self) -> bool {
        self.len() > 0
    }

    fn name(&self, participant: &Participant) -> bool {
        self.identities.iter().any(|identity| identity == participant.identity())
            || self.sids.contains(&participant.sid)
    }
}
