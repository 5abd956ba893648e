//! What webhooks are told.

use super::ids::ParticipantId;
use super::info::signed;
use super::{Effect, Room};
use crate::outside::Notice;
use livekit_protocol as proto;

impl Room {
    pub(super) fn webhook(
        &mut self,
        event: &str,
        who: Option<ParticipantId>,
        track: Option<proto::TrackInfo>,
    ) {
        let participant = who.map(|who| self.participant_info(who));
        let payer = who.and_then(|who| self.participants.get(&who)).and_then(|p| p.payer);
        let payer = payer.or(self.payer);
        self.notify(
            payer,
            proto::WebhookEvent {
                event: event.to_owned(),
                participant,
                track,
                ..Default::default()
            },
        );
    }

    /// About somebody who has already left.
    pub(super) fn webhook_about(&mut self, event: &str, participant: proto::ParticipantInfo) {
        let who = self.by_identity.get(&participant.identity);
        let payer = who.and_then(|who| self.participants.get(who)).and_then(|p| p.payer);
        let payer = payer.or(self.payer);
        self.notify(
            payer,
            proto::WebhookEvent {
                event: event.to_owned(),
                participant: Some(participant),
                ..Default::default()
            },
        );
    }

    pub(super) fn room_finished(&mut self, reason: proto::RoomEndReason) {
        self.notify(
            self.payer,
            proto::WebhookEvent {
                event: "room_finished".to_owned(),
                room_end_reason: reason as i32,
                ..Default::default()
            },
        );
    }

    fn notify(&mut self, payer: Option<crate::access::Payer>, event: proto::WebhookEvent) {
        let event = proto::WebhookEvent {
            room: Some(self.room_info()),
            id: self.ids.sid("EV_"),
            created_at: signed(self.now_ms / 1_000),
            ..event
        };
        self.effects.push(Effect::Notify(Notice::Event { payer, event: Box::new(event) }));
    }
}
