//! Publishing: a track is announced by name, and lives once an offer has a section that sends it.
//! The two come in either order.

use super::Room;
use super::dynacast::Dynacast;
use super::ids::ParticipantId;
use super::info::signed;
use super::track::{Layer, Tap, Track};
use crate::media::api::{Command, Kind, Quality, TrackId};
use crate::sdp::Section;
use livekit_protocol as proto;
use proto::request_response::Reason;
use proto::signal_response::Message;
use std::collections::HashSet;

/// How long an announced track is waited for.
const ANNOUNCED_MS: u64 = 60_000;

/// A track that no offer has had yet.
#[derive(Debug)]
pub(super) struct Announced {
    /// The client's id of it.
    pub cid: String,
    pub kind: Kind,
    pub info: proto::TrackInfo,
    pub layers: Vec<Layer>,
    pub since_ms: u64,
}

impl Room {
    pub(super) fn add_track(&mut self, who: ParticipantId, request: proto::AddTrackRequest) {
        if let Err(reason) = self.may_add_track(who, &request) {
            let request = proto::request_response::Request::AddTrack(request);
            return self.respond(who, 0, reason, Some(request));
        }
        // A second codec of a track that exists is not asked for, and does not become a track.
        if let Some(track) = self.track_of(&request.sid).filter(|track| track.owner == who) {
            let track = Some(track.info.clone());
            let response = proto::TrackPublishedResponse { cid: request.cid, track };
            return self.tell(who, Message::TrackPublished(response));
        }
        let kind = if request.r#type == proto::TrackType::Video as i32 {
            Kind::Video
        } else {
            Kind::Audio
        };
        let sid = self.ids.sid(sid_prefix(kind, request.source()));
        let info = track_info(sid, kind, &request, self.now_ms);
        let announced = Announced {
            cid: request.cid.clone(),
            kind,
            layers: layers_of(&request),
            info: info.clone(),
            since_ms: self.now_ms,
        };
        let Some(participant) = self.participants.get_mut(&who) else { return };
        participant.announced.retain(|other| other.cid != announced.cid);
        participant.announced.push(announced);
        let response = proto::TrackPublishedResponse { cid: request.cid, track: Some(info) };
        self.tell(who, Message::TrackPublished(response));
        self.match_sections(who);
    }

    fn may_add_track(
        &self,
        who: ParticipantId,
        request: &proto::AddTrackRequest,
    ) -> Result<(), Reason> {
        let participant = self.participants.get(&who).ok_or(Reason::NotFound)?;
        let sources = &participant.permission.can_publish_sources;
        let source_allowed = sources.is_empty() || sources.contains(&request.source);
        if !participant.permission.can_publish || !source_allowed {
            return Err(Reason::NotAllowed);
        }
        if request.r#type == proto::TrackType::Data as i32 {
            return Err(Reason::UnsupportedType);
        }
        let names = [&request.cid, &request.name, &request.stream];
        if names.iter().any(|name| name.len() > self.limits.name_max)
            || request.layers.len() > 8
            || participant.announced.len() + participant.published.len() >= self.limits.tracks_max
        {
            return Err(Reason::LimitExceeded);
        }
        Ok(())
    }

    /// Brings the published tracks in line with the last offer.
    pub(super) fn match_sections(&mut self, who: ParticipantId) {
        let Some(participant) = self.participants.get(&who) else { return };
        let sections = participant.publisher.sections.clone();
        // What is no longer sent is no longer published.
        let ended = participant.published.iter().copied().filter(|track| {
            self.tracks.get(track).is_some_and(|track| {
                let section = sections.iter().find(|section| section.mid == track.mid);
                !section.is_some_and(|section| {
                    section.direction.sends() && (section.track_id == track.section_track_id)
                })
            })
        });
        let ended: Vec<TrackId> = ended.collect();
        for track in ended {
            self.unpublish(track, true);
        }
        let mut published = false;
        while let Some((announced, section)) = self.next_match(who, &sections) {
            self.publish(who, announced, section);
            published = true;
        }
        if published {
            self.announce(who);
        }
    }

    /// An announced track and the section that sends it: by the client's id, or, since some
    /// browsers make up another id for SDP, the first of its kind that nobody else claims.
    fn next_match(
        &mut self,
        who: ParticipantId,
        sections: &[Section],
    ) -> Option<(Announced, Section)> {
        let participant = self.participants.get(&who)?;
        let taken: HashSet<_> = participant
            .published
            .iter()
            .filter_map(|track| self.tracks.get(track).map(|track| &track.mid))
            .collect();
        let free: Vec<&Section> = sections
            .iter()
            .filter(|section| section.direction.sends() && !taken.contains(&section.mid))
            .collect();
        let announced = &participant.announced;
        let by_id = announced.iter().enumerate().find_map(|(index, track)| {
            let section = free.iter().find(|section| {
                section.is(track.kind) && section.track_id.as_ref() == Some(&track.cid)
            });
            section.map(|section| (index, *section))
        });
        let by_kind = || {
            announced.iter().enumerate().find_map(|(index, track)| {
                let section = free.iter().find(|section| {
                    let claimed = |id: &String| announced.iter().any(|other| other.cid == *id);
                    section.is(track.kind) && !section.track_id.as_ref().is_some_and(claimed)
                });
                section.map(|section| (index, *section))
            })
        };
        let (index, section) = by_id.or_else(by_kind)?;
        let section = section.clone();
        let participant = self.participants.get_mut(&who)?;
        Some((participant.announced.remove(index), section))
    }

    fn publish(&mut self, who: ParticipantId, announced: Announced, section: Section) {
        let id = self.ids.track();
        let Announced { kind, mut info, layers, .. } = announced;
        info.mid = section.mid.to_string();
        for codec in &mut info.codecs {
            codec.mid.clone_from(&info.mid);
        }
        let Some(participant) = self.participants.get_mut(&who) else { return };
        participant.published.push(id);
        let peer = participant.publisher.id;
        self.by_track_sid.insert(info.sid.clone(), id);
        self.command(Command::Publish {
            peer,
            mid: section.mid.clone(),
            track: id,
            kind,
            layers: streams(&section.rids),
        });
        if info.muted {
            self.command(Command::Mute { track: id, muted: true });
        }
        let muted_since_ms = info.muted.then_some(self.now_ms);
        let track = Track {
            id,
            owner: who,
            kind,
            mid: section.mid,
            section_track_id: section.track_id,
            info,
            layers,
            heard: false,
            dynacast: Dynacast::new(self.now_ms),
            tap: Tap::None,
            muted_since_ms,
        };
        let info = track.info.clone();
        self.tracks.insert(id, track);
        self.webhook("track_published", Some(who), Some(info));
        self.open_tap(id);
        let everybody: Vec<ParticipantId> = self.participants.keys().copied().collect();
        for subscriber in everybody {
            if self.reconcile(subscriber, id) {
                self.negotiate(subscriber);
            }
        }
    }

    /// Takes a track away. `announce` tells others of the publisher's change.
    pub(super) fn unpublish(&mut self, id: TrackId, announce: bool) {
        let Some(track) = self.tracks.remove(&id) else { return };
        self.by_track_sid.remove(track.sid());
        if let Some(owner) = self.participants.get_mut(&track.owner) {
            owner.published.retain(|other| *other != id);
        }
        self.close_tap(track.id, track.tap);
        self.webhook("track_unpublished", Some(track.owner), Some(track.info));
        let everybody: Vec<ParticipantId> = self.participants.keys().copied().collect();
        for subscriber in everybody {
            if self.forget_track(subscriber, id) {
                self.negotiate(subscriber);
            }
        }
        self.command(Command::Unpublish { track: id });
        if announce {
            self.announce(track.owner);
        }
    }

    pub(super) fn mute(&mut self, who: ParticipantId, request: &proto::MuteTrackRequest) {
        if let Some(track) = self.track_of(&request.sid).filter(|track| track.owner == who) {
            let id = track.id;
            return self.set_muted(id, request.muted);
        }
        let announced = self.participants.get_mut(&who).and_then(|participant| {
            participant.announced.iter_mut().find(|track| track.info.sid == request.sid)
        });
        if let Some(announced) = announced {
            announced.info.muted = request.muted;
        }
    }

    pub(super) fn set_muted(&mut self, id: TrackId, muted: bool) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        if track.info.muted == muted {
            return;
        }
        track.info.muted = muted;
        track.muted_since_ms = muted.then_some(self.now_ms);
        let owner = track.owner;
        self.command(Command::Mute { track: id, muted });
        if !muted {
            self.resume_tap(id);
        }
        self.announce(owner);
    }

    pub(super) fn track_started(&mut self, id: TrackId, mime_type: String) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        if track.info.mime_type.eq_ignore_ascii_case(&mime_type) {
            return;
        }
        if let Some(codec) = track.info.codecs.first_mut() {
            codec.mime_type.clone_from(&mime_type);
        }
        track.info.mime_type = mime_type;
        let owner = track.owner;
        self.announce(owner);
    }

    /// The client's news about a track's features.
    pub(super) fn update_audio_track(
        &mut self,
        who: ParticipantId,
        request: proto::UpdateLocalAudioTrack,
    ) {
        let Some(id) = self.own_track(who, &request.track_sid) else { return };
        if request.features.len() > 16 {
            return;
        }
        if let Some(track) = self.tracks.get_mut(&id) {
            track.info.audio_features = request.features;
        }
        self.announce(who);
    }

    /// The client's news about a track's size.
    pub(super) fn update_video_track(
        &mut self,
        who: ParticipantId,
        request: &proto::UpdateLocalVideoTrack,
    ) {
        let Some(id) = self.own_track(who, &request.track_sid) else { return };
        if let Some(track) = self.tracks.get_mut(&id) {
            track.info.width = request.width;
            track.info.height = request.height;
        }
        self.announce(who);
    }

    fn own_track(&self, who: ParticipantId, sid: &str) -> Option<TrackId> {
        self.track_of(sid).filter(|track| track.owner == who).map(|track| track.id)
    }

    /// Forgets announced tracks that never came.
    pub(super) fn expire_announced(&mut self) {
        let now_ms = self.now_ms;
        for participant in self.participants.values_mut() {
            participant.announced.retain(|track| now_ms - track.since_ms < ANNOUNCED_MS);
        }
    }
}

/// LiveKit's prefixes, which tell kind and source.
fn sid_prefix(kind: Kind, source: proto::TrackSource) -> &'static str {
    match (kind, source) {
        (Kind::Video, proto::TrackSource::Camera) => "TR_VC",
        (Kind::Video, proto::TrackSource::ScreenShare) => "TR_VS",
        (Kind::Video, _) => "TR_V",
        (Kind::Audio, proto::TrackSource::Microphone) => "TR_AM",
        (Kind::Audio, proto::TrackSource::ScreenShareAudio) => "TR_AS",
        (Kind::Audio, _) => "TR_A",
    }
}

fn video_layers(request: &proto::AddTrackRequest) -> &[proto::VideoLayer] {
    match request.simulcast_codecs.first() {
        Some(codec) if request.layers.is_empty() => &codec.layers,
        _ => &request.layers,
    }
}

fn layers_of(request: &proto::AddTrackRequest) -> Vec<Layer> {
    let mut layers: Vec<Layer> = video_layers(request)
        .iter()
        .map(|layer| Layer {
            quality: match layer.quality() {
                proto::VideoQuality::Low => Quality::Low,
                proto::VideoQuality::Medium => Quality::Medium,
                _ => Quality::High,
            },
            width: layer.width,
            height: layer.height,
        })
        .collect();
    layers.sort_by_key(|layer| layer.quality);
    layers.dedup_by_key(|layer| layer.quality);
    layers
}

fn track_info(
    sid: String,
    kind: Kind,
    request: &proto::AddTrackRequest,
    now_ms: u64,
) -> proto::TrackInfo {
    let layers = video_layers(request).to_vec();
    // A guess, until the first packet tells.
    let mime_type = match kind {
        Kind::Audio => "audio/opus".to_owned(),
        Kind::Video => {
            let codec = request.simulcast_codecs.first().map_or("vp8", |codec| &codec.codec);
            let codec = codec.trim_start_matches("video/").to_ascii_uppercase();
            format!("video/{}", if codec.is_empty() { "VP8" } else { &codec })
        }
    };
    let codec = proto::SimulcastCodecInfo {
        mime_type: mime_type.clone(),
        cid: request.cid.clone(),
        layers: layers.clone(),
        video_layer_mode: request
            .simulcast_codecs
            .first()
            .map_or(0, |codec| codec.video_layer_mode),
        ..Default::default()
    };
    #[allow(deprecated, reason = "older clients read them")]
    proto::TrackInfo {
        sid,
        r#type: request.r#type,
        name: request.name.clone(),
        muted: request.muted,
        width: request.width,
        height: request.height,
        simulcast: layers.len() > 1,
        disable_dtx: request.disable_dtx,
        source: request.source,
        layers,
        mime_type,
        codecs: vec![codec],
        stereo: request.stereo,
        disable_red: request.disable_red,
        encryption: request.encryption,
        stream: stream_of(request),
        version: Some(proto::TimedVersion { unix_micro: signed(now_ms) * 1_000, ticks: 0 }),
        audio_features: request.audio_features.clone(),
        backup_codec_policy: request.backup_codec_policy,
        packet_trailer_features: request.packet_trailer_features.clone(),
        ..Default::default()
    }
}

/// What a track is played in step with: LiveKit's words for the two natural pairs.
fn stream_of(request: &proto::AddTrackRequest) -> String {
    if !request.stream.is_empty() {
        return request.stream.clone();
    }
    match request.source() {
        proto::TrackSource::Camera | proto::TrackSource::Microphone => "camera",
        proto::TrackSource::ScreenShare | proto::TrackSource::ScreenShareAudio => "screen_share",
        proto::TrackSource::Unknown => "",
    }
    .to_owned()
}

/// Streams of a section as the media plane wants them. LiveKit's clients name them `q`, `h` and
/// `f`; others by their order.
fn streams(rids: &[String]) -> Vec<(Quality, String)> {
    let order = [Quality::Low, Quality::Medium, Quality::High];
    rids.iter()
        .zip(order)
        .map(|(rid, by_order)| {
            let quality = match rid.as_str() {
                "q" => Quality::Low,
                "h" => Quality::Medium,
                "f" => Quality::High,
                _ => by_order,
            };
            (quality, rid.clone())
        })
        .collect()
}
