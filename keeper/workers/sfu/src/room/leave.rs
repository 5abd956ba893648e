//! Leaving, and the room's end.

use super::ids::ParticipantId;
use super::info::{gone, update};
use super::membership::leave;
use super::participant::State;
use super::{Effect, Room};
use crate::media::api::Command;
use livekit_protocol as proto;
use proto::leave_request::Action;

/// Departures that are remembered for somebody who is expected back; more, and the client learns
/// of the rest when it starts anew.
const MISSED_MAX: usize = 1_000;

impl Room {
    /// Sends a participant away with a reason.
    pub(super) fn dismiss(
        &mut self,
        who: ParticipantId,
        reason: proto::DisconnectReason,
        action: Action,
    ) {
        self.dismiss_to(who, reason, action, None);
    }

    /// [`Self::dismiss`], with a place to go to.
    pub(super) fn dismiss_to(
        &mut self,
        who: ParticipantId,
        reason: proto::DisconnectReason,
        action: Action,
        url: Option<&str>,
    ) {
        let mut message = leave(reason, action);
        if let (proto::signal_response::Message::Leave(leave), Some(url)) = (&mut message, url) {
            let region = proto::RegionInfo { url: url.to_owned(), ..Default::default() };
            leave.regions = Some(proto::RegionSettings { regions: vec![region] });
        }
        self.tell(who, message);
        self.remove(who, reason);
    }

    /// Takes a participant out of the room, and everything that refers to it.
    pub(super) fn remove(&mut self, who: ParticipantId, reason: proto::DisconnectReason) {
        let published = self.participants.get(&who).map(|p| p.published.clone());
        for track in published.unwrap_or_default() {
            self.unpublish(track, false);
        }
        self.withdraw_data_tracks(who);
        let info = gone(self.participant_info(who), reason);
        let Some(participant) = self.participants.get(&who) else { return };
        let event = if participant.state == State::Active {
            "participant_left"
        } else {
            "participant_connection_aborted"
        };
        self.webhook_about(event, info.clone());
        let Some(participant) = self.participants.remove(&who) else { return };
        self.membership += 1;
        for &track in participant.subscriptions.keys() {
            self.dynacast_due(track);
        }
        self.by_identity.remove(participant.identity());
        let subscriber = participant.subscriber.as_ref().map(|subscriber| subscriber.id);
        for peer in [Some(participant.publisher.id), subscriber].into_iter().flatten() {
            self.by_peer.remove(&peer);
            self.command(Command::ClosePeer { peer });
        }
        if let Some(connection) = participant.connection {
            self.by_connection.remove(&connection);
            self.effects.push(Effect::Close { connection });
        }
        self.speakers.forget(&participant.sid);
        if !participant.hidden() {
            for other in self.participants.values_mut() {
                if other.connection.is_none() && other.missed.len() < MISSED_MAX {
                    other.missed.push(info.clone());
                }
            }
            self.tell_others(None, update(vec![info]));
        }
        if self.participants.is_empty() {
            self.empty_since_ms = Some(self.now_ms);
        } else {
            self.tell_room();
        }
    }

    /// Everybody leaves, and the room is over.
    pub(super) fn end(&mut self, reason: proto::RoomEndReason) {
        let told = match reason {
            proto::RoomEndReason::RoomEndApiDelete => proto::DisconnectReason::RoomDeleted,
            proto::RoomEndReason::RoomEndServerShutdown => proto::DisconnectReason::ServerShutdown,
            _ => proto::DisconnectReason::RoomClosed,
        };
        let everybody: Vec<ParticipantId> = self.participants.keys().copied().collect();
        for who in everybody {
            self.dismiss(who, told, Action::Disconnect);
        }
        self.room_finished(reason);
        self.command(Command::CloseRoom);
        self.ended = true;
    }
}
