//! Orders of the node role.

use super::Room;
use super::ids::ParticipantId;
use crate::outside::Order;
use livekit_protocol as proto;
use proto::leave_request::Action;

impl Room {
    /// Only what concerns this room gets here.
    pub(super) fn order(&mut self, order: Order) {
        match order {
            Order::Revoke { payer, reason } => {
                let charged = self.participants.values().filter(|p| p.payer == Some(payer));
                let charged: Vec<ParticipantId> =
                    charged.map(|participant| participant.id).collect();
                tracing::info!(room = self.sid, count = charged.len(), reason, "payment revoked");
                for who in charged {
                    let told = proto::DisconnectReason::ParticipantRemoved;
                    self.dismiss(who, told, Action::Disconnect);
                }
            }
            Order::Drain { url } => {
                self.closed = Some(url.clone().unwrap_or_default());
                if let Some(url) = url {
                    self.go_to(&url);
                }
            }
            Order::Move { url, .. } => {
                self.closed = Some(url.clone());
                self.go_to(&url);
            }
            Order::EndTap { tap, .. } => self.end_tap(tap),
            Order::Caption(caption) => self.caption(&caption),
        }
    }

    /// Sends everybody to another node.
    fn go_to(&mut self, url: &str) {
        let everybody: Vec<ParticipantId> = self.participants.keys().copied().collect();
        for who in everybody {
            let reason = proto::DisconnectReason::Migration;
            self.dismiss_to(who, reason, Action::Reconnect, Some(url));
        }
    }
}
