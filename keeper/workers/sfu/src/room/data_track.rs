//! Data tracks: named streams of small packets that participants subscribe to.
//!
//! A packet names its track by a handle of the publisher's. Handles of different publishers may be
//! the same, so a subscriber knows each track by a handle that the room gives it.

use super::Room;
use super::ids::ParticipantId;
use crate::media::api::{Command, DataChannel, PeerId};
use bytes::{Bytes, BytesMut};
use livekit_protocol as proto;
use proto::data_track_subscriber_handles::PublishedDataTrack;
use proto::request_response::{Reason, Request};
use proto::signal_response::Message;
use std::collections::{HashMap, HashSet};

/// Letters of a track's name.
const NAME_MAX: usize = 256;
/// Bytes of a packet before its payload: version and flags, the handle at [`HANDLE_AT`], and more.
const HEADER_LEN: usize = 12;
const HANDLE_AT: usize = 2;

/// A published data track, by the room's handle.
#[derive(Debug)]
pub(super) struct DataTrack {
    pub owner: ParticipantId,
    pub info: proto::DataTrackInfo,
    subscribers: HashSet<ParticipantId>,
}

/// Handles of a participant's own tracks: publisher's handle to room's.
#[derive(Debug, Default)]
pub(super) struct DataReader {
    handles: HashMap<u16, u16>,
}

impl Room {
    pub(super) fn publish_data_track(
        &mut self,
        who: ParticipantId,
        request: proto::PublishDataTrackRequest,
    ) {
        match self.new_data_track(who, &request) {
            Ok(info) => {
                let message = proto::PublishDataTrackResponse { info: Some(info) };
                self.tell(who, Message::PublishDataTrackResponse(message));
                self.announce(who);
            }
            Err(reason) => {
                let request = Request::PublishDataTrack(request);
                self.respond(who, 0, reason, Some(request));
            }
        }
    }

    fn new_data_track(
        &mut self,
        who: ParticipantId,
        request: &proto::PublishDataTrackRequest,
    ) -> Result<proto::DataTrackInfo, Reason> {
        let sid = self.ids.sid("DTR_");
        let free = (1..=u16::MAX).find(|handle| !self.data_tracks.contains_key(handle));
        let participant = self.participants.get_mut(&who).ok_or(Reason::NotFound)?;
        if !participant.permission.can_publish_data {
            return Err(Reason::NotAllowed);
        }
        let handle = u16::try_from(request.pub_handle).ok().filter(|handle| *handle > 0);
        let handle = handle.ok_or(Reason::InvalidHandle)?;
        if request.name.is_empty() || request.name.chars().count() > NAME_MAX {
            return Err(Reason::InvalidName);
        }
        let handles = &mut participant.data_reader.handles;
        if handles.contains_key(&handle) {
            return Err(Reason::DuplicateHandle);
        }
        let own = handles.values().filter_map(|of_room| self.data_tracks.get(of_room));
        if own.into_iter().any(|track| track.info.name == request.name) {
            return Err(Reason::DuplicateName);
        }
        if handles.len() >= self.limits.data_tracks_max {
            return Err(Reason::LimitExceeded);
        }
        let of_room = free.ok_or(Reason::LimitExceeded)?;
        handles.insert(handle, of_room);
        let info = proto::DataTrackInfo {
            pub_handle: request.pub_handle,
            sid,
            name: request.name.clone(),
            encryption: request.encryption,
            frame_encoding: request.frame_encoding.clone(),
            schema: request.schema.clone(),
        };
        let track = DataTrack { owner: who, info: info.clone(), subscribers: HashSet::new() };
        self.data_tracks.insert(of_room, track);
        Ok(info)
    }

    pub(super) fn unpublish_data_track(&mut self, who: ParticipantId, handle: u32) {
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let of_room = u16::try_from(handle)
            .ok()
            .and_then(|handle| participant.data_reader.handles.remove(&handle));
        let Some(track) = of_room.and_then(|of_room| self.data_tracks.remove(&of_room)) else {
            return;
        };
        let message = proto::UnpublishDataTrackResponse { info: Some(track.info) };
        self.tell(who, Message::UnpublishDataTrackResponse(message));
        self.announce(who);
        for subscriber in track.subscribers {
            self.tell_handles(subscriber);
        }
    }

    /// A participant leaves: its tracks end, and its subscriptions.
    pub(super) fn withdraw_data_tracks(&mut self, who: ParticipantId) {
        let mut left = HashSet::new();
        self.data_tracks.retain(|_, track| {
            if track.owner == who {
                left.extend(track.subscribers.drain());
            }
            track.owner != who
        });
        for track in self.data_tracks.values_mut() {
            track.subscribers.remove(&who);
        }
        left.remove(&who);
        for subscriber in left {
            self.tell_handles(subscriber);
        }
    }

    pub(super) fn update_data_subscription(
        &mut self,
        who: ParticipantId,
        request: &proto::UpdateDataSubscription,
    ) {
        let allowed = self
            .participants
            .get(&who)
            .is_some_and(|participant| participant.permission.can_subscribe);
        let mut changed = false;
        for update in &request.updates {
            let track = self
                .data_tracks
                .values_mut()
                .find(|track| track.info.sid == update.track_sid && track.owner != who);
            let Some(track) = track else { continue };
            changed |= if update.subscribe && allowed {
                track.subscribers.insert(who)
            } else {
                track.subscribers.remove(&who)
            };
        }
        if changed {
            self.tell_handles(who);
        }
    }

    fn tell_handles(&mut self, who: ParticipantId) {
        let subscribed =
            self.data_tracks.iter().filter(|(_, track)| track.subscribers.contains(&who));
        let sub_handles = subscribed
            .filter_map(|(handle, track)| {
                let owner = self.participants.get(&track.owner)?;
                let published = PublishedDataTrack {
                    publisher_identity: owner.identity().to_owned(),
                    publisher_sid: owner.sid.clone(),
                    track_sid: track.info.sid.clone(),
                };
                Some((u32::from(*handle), published))
            })
            .collect();
        let message = proto::DataTrackSubscriberHandles { sub_handles };
        self.tell(who, Message::DataTrackSubscriberHandles(message));
    }

    pub(super) fn data_track_packet(&mut self, who: ParticipantId, packet: &Bytes) {
        if packet.len() < HEADER_LEN || packet.len() > self.limits.data_max {
            return;
        }
        let handle = u16::from_be_bytes([packet[HANDLE_AT], packet[HANDLE_AT + 1]]);
        let Some(participant) = self.participants.get_mut(&who) else { return };
        let Some(&of_room) = participant.data_reader.handles.get(&handle) else { return };
        let Some(track) = self.data_tracks.get(&of_room) else { return };
        let receivers = track.subscribers.iter().filter_map(|id| self.participants.get(id));
        let to: Vec<PeerId> = receivers.map(|receiver| receiver.receiving_peer()).collect();
        if to.is_empty() {
            return;
        }
        let mut payload = BytesMut::from(packet.as_ref());
        payload[HANDLE_AT..HANDLE_AT + 2].copy_from_slice(&of_room.to_be_bytes());
        if let Some(participant) = self.participants.get_mut(&who) {
            participant.data_forwarded = true;
        }
        let payload = payload.freeze();
        self.command(Command::Data { channel: DataChannel::Track, to, payload });
    }
}
