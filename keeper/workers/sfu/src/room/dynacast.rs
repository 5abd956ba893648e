//! Dynacast: a publisher need not send what nobody looks at.
//!
//! More is asked for at once, less only after a while: switching layers off and on again costs a
//! key frame, and subscribers scroll.

use super::ids::ParticipantId;
use super::{Participant, Room};
use crate::media::api::{Kind, Quality, TrackId};
use livekit_protocol as proto;
use proto::signal_response::Message;

/// How long a layer that nobody looks at is still asked for. LiveKit's pause delay.
const PAUSE_MS: u64 = 5_000;

/// What a publisher has been told about one track.
#[derive(Debug)]
pub(super) struct Dynacast {
    /// The best layer asked for; `None` for nothing at all. A publisher that has been told nothing
    /// sends everything.
    told: Option<Quality>,
    /// Since when less would do.
    less_since_ms: Option<u64>,
}

impl Dynacast {
    pub(super) const fn new(now_ms: u64) -> Self {
        Self { told: Some(Quality::High), less_since_ms: Some(now_ms) }
    }
}

impl Room {
    /// Somebody's wish for this track has changed.
    pub(super) fn dynacast_due(&mut self, id: TrackId) {
        let now_ms = self.now_ms;
        let wanted = self.wanted_quality(id);
        let Some(track) = self.tracks.get_mut(&id).filter(|track| track.kind == Kind::Video) else {
            return;
        };
        let dynacast = &mut track.dynacast;
        match wanted.cmp(&dynacast.told) {
            std::cmp::Ordering::Less => {
                dynacast.less_since_ms.get_or_insert(now_ms);
            }
            std::cmp::Ordering::Equal => dynacast.less_since_ms = None,
            std::cmp::Ordering::Greater => self.tell_subscribed_quality(id, wanted),
        }
    }

    pub(super) fn update_dynacast(&mut self) {
        let now_ms = self.now_ms;
        let due: Vec<TrackId> = self
            .tracks
            .values()
            .filter(|track| track.kind == Kind::Video)
            .filter(|track| {
                let since_ms = track.dynacast.less_since_ms;
                since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= PAUSE_MS)
            })
            .map(|track| track.id)
            .collect();
        for id in due {
            let wanted = self.wanted_quality(id);
            if self.tracks.get(&id).is_some_and(|track| track.dynacast.told == wanted) {
                self.dynacast_due(id);
            } else {
                self.tell_subscribed_quality(id, wanted);
            }
        }
    }

    /// Says again what a publisher was told that may have missed it.
    pub(super) fn repeat_dynacast(&mut self, who: ParticipantId) {
        let published = self.participants.get(&who).map(|p| p.published.clone());
        for id in published.unwrap_or_default() {
            let Some(track) = self.tracks.get(&id).filter(|track| track.kind == Kind::Video) else {
                continue;
            };
            let told = track.dynacast.told;
            self.tell_subscribed_quality(id, told);
            self.dynacast_due(id);
        }
    }

    /// The best layer that anybody looks at.
    fn wanted_quality(&self, id: TrackId) -> Option<Quality> {
        let looking = self.participants.values().filter(|p| p.subscriptions.contains_key(&id));
        looking
            .map(|participant: &Participant| self.want(participant, id))
            .filter(|want| want.enabled)
            .map(|want| want.max_quality)
            .max()
    }

    fn tell_subscribed_quality(&mut self, id: TrackId, wanted: Option<Quality>) {
        let Some(track) = self.tracks.get_mut(&id) else { return };
        track.dynacast = Dynacast { told: wanted, less_since_ms: None };
        let layers = [
            (Quality::Low, proto::VideoQuality::Low),
            (Quality::Medium, proto::VideoQuality::Medium),
            (Quality::High, proto::VideoQuality::High),
        ];
        let qualities: Vec<proto::SubscribedQuality> = layers
            .into_iter()
            .map(|(layer, quality)| proto::SubscribedQuality {
                quality: quality as i32,
                enabled: Some(layer) <= wanted,
            })
            .collect();
        let mime_type = track.info.mime_type.to_ascii_lowercase();
        let codec = mime_type.trim_start_matches("video/").to_owned();
        let owner = track.owner;
        #[allow(deprecated, reason = "older clients read them")]
        let update = proto::SubscribedQualityUpdate {
            track_sid: track.sid().to_owned(),
            subscribed_qualities: qualities.clone(),
            subscribed_codecs: vec![proto::SubscribedCodec { codec, qualities }],
        };
        self.tell(owner, Message::SubscribedQualityUpdate(update));
    }
}
