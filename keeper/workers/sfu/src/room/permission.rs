//! Who may hear whom, and who may do what.

use super::Room;
use super::ids::ParticipantId;
use super::info::{permission_of, source_word};
use super::participant::Participant;
use crate::media::api::TrackId;
use livekit_protocol as proto;
use proto::signal_response::Message;
use std::collections::HashMap;

/// Entries of a publisher's permissions at most.
const ENTRIES_MAX: usize = 2_000;

/// Whom a publisher lets hear its tracks; everybody, until it says otherwise.
#[derive(Debug, Default)]
pub(super) struct TrackPermissions {
    limited: Option<HashMap<String, Allowed>>,
}

#[derive(Debug)]
enum Allowed {
    All,
    Tracks(Vec<String>),
}

impl TrackPermissions {
    fn of(request: proto::SubscriptionPermission) -> Self {
        if request.all_participants {
            return Self::default();
        }
        let entry = |permission: proto::TrackPermission| {
            // By identity or by sid, as the client knows it.
            let who = if permission.participant_identity.is_empty() {
                permission.participant_sid
            } else {
                permission.participant_identity
            };
            let allowed = if permission.all_tracks {
                Allowed::All
            } else {
                Allowed::Tracks(permission.track_sids)
            };
            (who, allowed)
        };
        Self { limited: Some(request.track_permissions.into_iter().map(entry).collect()) }
    }

    fn allow(&self, subscriber: &Participant, track_sid: &str) -> bool {
        let Some(limited) = &self.limited else { return true };
        let entries = [limited.get(subscriber.identity()), limited.get(&subscriber.sid)]
            .into_iter()
            .flatten();
        let mut allowed = entries.map(|allowed| match allowed {
            Allowed::All => true,
            Allowed::Tracks(sids) => sids.iter().any(|sid| sid == track_sid),
        });
        allowed.any(|allowed| allowed)
    }
}

impl Room {
    /// Whether `subscriber` may hear a track of somebody else's.
    pub(super) fn may_hear(&self, subscriber: &Participant, track: TrackId) -> bool {
        let Some(track) = self.tracks.get(&track) else { return false };
        let Some(owner) = self.participants.get(&track.owner) else { return false };
        subscriber.permission.can_subscribe && owner.permissions.allow(subscriber, track.sid())
    }

    /// A publisher says who may hear it.
    pub(super) fn subscription_permission(
        &mut self,
        who: ParticipantId,
        request: proto::SubscriptionPermission,
    ) {
        let tracks: usize =
            request.track_permissions.iter().map(|permission| permission.track_sids.len()).sum();
        if request.track_permissions.len() + tracks > ENTRIES_MAX {
            return;
        }
        let Some(participant) = self.participants.get_mut(&who) else { return };
        participant.permissions = TrackPermissions::of(request);
        let published = participant.published.clone();
        let everybody: Vec<ParticipantId> = self.participants.keys().copied().collect();
        for subscriber in everybody {
            let changed = published.iter().filter(|track| self.reconcile(subscriber, **track));
            if changed.count() > 0 {
                self.negotiate(subscriber);
            }
        }
    }

    /// New permissions of a participant, from the room service.
    pub(super) fn set_permission(
        &mut self,
        who: ParticipantId,
        permission: proto::ParticipantPermission,
    ) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let grants = &mut participant.claims.grants;
        grants.can_publish = permission.can_publish;
        grants.can_subscribe = permission.can_subscribe;
        grants.can_publish_data = permission.can_publish_data;
        grants.can_update_own_metadata = permission.can_update_metadata;
        grants.can_publish_sources = permission
            .can_publish_sources
            .iter()
            .filter_map(|source| source_word(*source))
            .map(str::to_owned)
            .collect();
        // Who was seen cannot be unseen, and the other way round: as it came in.
        participant.permission = permission_of(grants);
        let allowed = participant.permission.clone();
        let published = participant.published.clone();
        for track in published {
            let Some(source) = self.tracks.get(&track).map(|track| track.info.source) else {
                continue;
            };
            let sources = &allowed.can_publish_sources;
            if !allowed.can_publish || (!sources.is_empty() && !sources.contains(&source)) {
                let track_sid = self.tracks[&track].info.sid.clone();
                self.unpublish(track, true);
                let message = proto::TrackUnpublishedResponse { track_sid };
                self.tell(who, Message::TrackUnpublished(message));
            }
        }
        self.announce(who);
        self.subscribe_to_all(who);
        self.negotiate(who);
    }
}
