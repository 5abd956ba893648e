//! Who hears what.

use super::Room;
use super::ids::ParticipantId;
use super::participant::Participant;
use crate::media::api::{Command, Kind, Mid, Quality, TrackId};
use livekit_protocol as proto;
use proto::signal_response::Message;

/// A track that a participant hears, or is going to.
#[derive(Debug)]
pub(super) struct Subscription {
    pub stage: Stage,
    /// Where, on the connection that the participant receives on.
    pub mid: Option<Mid>,
    /// The client has been told that nothing comes for want of bandwidth.
    pub paused: bool,
}

/// `Waiting → Offered → Live` where the server offers, `Waiting → Live` where the client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is no section for it.
    Waiting,
    /// A section is in an offer that waits for its answer.
    Offered,
    /// It is forwarded.
    Live,
}

impl Room {
    /// Brings one subscription in line with what is wanted and allowed. Returns whether there is
    /// something to negotiate.
    pub(super) fn reconcile(&mut self, who: ParticipantId, id: TrackId) -> bool {
        let (Some(participant), Some(track)) = (self.participants.get(&who), self.tracks.get(&id))
        else {
            return false;
        };
        let owner_hidden = self.participants.get(&track.owner).is_none_or(Participant::hidden);
        let wanted = track.owner != who
            && !owner_hidden
            && participant.asked.get(&id).copied().unwrap_or(participant.auto_subscribe);
        let allowed = self.may_hear(participant, id);
        let subscribed = participant.subscriptions.contains_key(&id);
        let denied = participant.denied.contains(&id);
        if wanted && allowed == denied {
            self.tell_permission(who, id, allowed);
        }
        match (wanted && allowed, subscribed) {
            (true, false) => {
                let Some(participant) = self.participants.get_mut(&who) else { return false };
                let subscription = Subscription { stage: Stage::Waiting, mid: None, paused: false };
                participant.subscriptions.insert(id, subscription);
                self.dynacast_due(id);
                true
            }
            (false, true) => self.unsubscribe(who, id),
            _ => false,
        }
    }

    pub(super) fn subscribe_to_all(&mut self, who: ParticipantId) {
        let tracks: Vec<TrackId> = self.tracks.keys().copied().collect();
        for track in tracks {
            self.reconcile(who, track);
        }
    }

    fn tell_permission(&mut self, who: ParticipantId, id: TrackId, allowed: bool) {
        let Some(track) = self.tracks.get(&id) else { return };
        let owner = self.participants.get(&track.owner).map(|owner| owner.sid.clone());
        let message = proto::SubscriptionPermissionUpdate {
            participant_sid: owner.unwrap_or_default(),
            track_sid: track.sid().to_owned(),
            allowed,
        };
        if let Some(participant) = self.participants.get_mut(&who) {
            if allowed {
                participant.denied.remove(&id);
            } else {
                participant.denied.insert(id);
            }
        }
        self.tell(who, Message::SubscriptionPermissionUpdate(message));
    }

    /// Ends a subscription. Returns whether the client is to see its section empty.
    pub(super) fn unsubscribe(&mut self, who: ParticipantId, id: TrackId) -> bool {
        let Some(participant) = self.participants.get_mut(&who) else { return false };
        let Some(subscription) = participant.subscriptions.remove(&id) else { return false };
        let to = participant.receiving_peer();
        let had_section = subscription.stage != Stage::Waiting;
        if had_section {
            match &mut participant.subscriber {
                Some(subscriber) => subscriber.again = true,
                None => participant.draining.extend(subscription.mid),
            }
            self.command(Command::EndForward { track: id, to });
        }
        self.dynacast_due(id);
        had_section
    }

    /// The track is no more. Returns as [`Self::unsubscribe`].
    pub(super) fn forget_track(&mut self, who: ParticipantId, id: TrackId) -> bool {
        let to_negotiate = self.unsubscribe(who, id);
        if let Some(participant) = self.participants.get_mut(&who) {
            participant.asked.remove(&id);
            participant.settings.remove(&id);
            participant.denied.remove(&id);
        }
        to_negotiate
    }

    /// Starts what has got a section.
    pub(super) fn go_live(&mut self, who: ParticipantId, id: TrackId, named: bool) {
        let Some(participant) = self.participants.get(&who) else { return };
        let want = self.want(participant, id);
        let to = participant.receiving_peer();
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let Some(subscription) = participant.subscriptions.get_mut(&id) else { return };
        subscription.stage = Stage::Live;
        let mid = subscription.mid.clone().filter(|_| named);
        self.command(Command::Forward { track: id, to, mid, want });
        self.dynacast_due(id);
        let Some(track) = self.tracks.get_mut(&id).filter(|track| !track.heard) else { return };
        track.heard = true;
        let (owner, track_sid) = (track.owner, track.sid().to_owned());
        self.tell(owner, Message::TrackSubscribed(proto::TrackSubscribed { track_sid }));
    }

    /// A client's wish about single tracks.
    pub(super) fn update_subscription(
        &mut self,
        who: ParticipantId,
        request: &proto::UpdateSubscription,
    ) {
        let named = request.participant_tracks.iter().flat_map(|entry| &entry.track_sids);
        let mut changed = false;
        for sid in request.track_sids.iter().chain(named) {
            let Some(id) = self.by_track_sid.get(sid).copied() else {
                if request.subscribe {
                    self.tell_no_track(who, sid);
                }
                continue;
            };
            if let Some(participant) = self.participants.get_mut(&who) {
                participant.asked.insert(id, request.subscribe);
            }
            changed |= self.reconcile(who, id);
        }
        if changed {
            self.negotiate(who);
        }
    }

    fn tell_no_track(&mut self, who: ParticipantId, sid: &str) {
        let message = proto::SubscriptionResponse {
            track_sid: sid.to_owned(),
            err: proto::SubscriptionError::SeTrackNotfound as i32,
        };
        self.tell(who, Message::SubscriptionResponse(message));
    }

    /// A client's memory of its wishes, on return.
    pub(super) fn sync_state(&mut self, who: ParticipantId, sync: proto::SyncState) {
        if let Some(mut subscription) = sync.subscription {
            // What has gone meanwhile, an update tells.
            subscription.track_sids.retain(|sid| self.by_track_sid.contains_key(sid));
            self.update_subscription(who, &subscription);
        }
        for sid in sync.track_sids_disabled {
            let settings = proto::UpdateTrackSettings {
                track_sids: vec![sid],
                disabled: true,
                ..Default::default()
            };
            self.track_settings(who, &settings);
        }
        if let Some(subscription) = sync.data_subscription {
            self.update_data_subscription(who, &subscription);
        }
    }

    /// What is forwarded has changed: clients are told when nothing comes, and when it does again.
    pub(super) fn forwarding_changed(
        &mut self,
        id: TrackId,
        to: crate::media::api::PeerId,
        quality: Option<Quality>,
    ) {
        let Some(&who) = self.by_peer.get(&to) else { return };
        let Some(track) = self.tracks.get(&id) else { return };
        let Some(participant) = self.participants.get(&who) else { return };
        let wanted = self.want(participant, id).enabled;
        let paused = quality.is_none() && wanted && !track.info.muted && track.kind == Kind::Video;
        let owner = self.participants.get(&track.owner).map(|owner| owner.sid.clone());
        let info = proto::StreamStateInfo {
            participant_sid: owner.unwrap_or_default(),
            track_sid: track.sid().to_owned(),
            state: if paused { proto::StreamState::Paused } else { proto::StreamState::Active }
                as i32,
        };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let Some(subscription) = participant.subscriptions.get_mut(&id) else { return };
        if subscription.paused != paused {
            subscription.paused = paused;
            let message = proto::StreamStateUpdate { stream_states: vec![info] };
            self.tell(who, Message::StreamStateUpdate(message));
        }
    }
}
