//! What a subscriber wants of each track.

use super::Room;
use super::ids::ParticipantId;
use super::participant::Participant;
use super::track::Layer;
use crate::media::api::{Command, Quality, TrackId, Want};
use livekit_protocol as proto;

/// A layer that is this much smaller than what is shown still does: in per cent of the shown size.
const LAYER_TOLERANCE_PERCENT: u32 = 90;
/// Priority of a screen over a camera where the client says nothing: text must stay legible.
const SCREEN_PRIORITY: u8 = 2;

impl Room {
    pub(super) fn track_settings(
        &mut self,
        who: ParticipantId,
        settings: &proto::UpdateTrackSettings,
    ) {
        for sid in &settings.track_sids {
            let Some(id) = self.by_track_sid.get(sid).copied() else { continue };
            let Some(participant) = self.participants.get_mut(&who) else { return };
            let setting = proto::UpdateTrackSettings { track_sids: Vec::new(), ..settings.clone() };
            participant.settings.insert(id, setting);
            if !participant.subscriptions.contains_key(&id) {
                continue;
            }
            let Some(participant) = self.participants.get(&who) else { return };
            let want = self.want(participant, id);
            let to = participant.receiving_peer();
            self.command(Command::Want { track: id, to, want });
            self.dynacast_due(id);
        }
    }

    /// What a participant wants of a track.
    pub(super) fn want(&self, participant: &Participant, id: TrackId) -> Want {
        let track = self.tracks.get(&id);
        let source = track.map_or(proto::TrackSource::Unknown, |track| track.info.source());
        let by_source = match source {
            proto::TrackSource::ScreenShare => SCREEN_PRIORITY,
            _ => Want::default().priority,
        };
        let Some(settings) = participant.settings.get(&id) else {
            return Want { priority: by_source, ..Want::default() };
        };
        let layers = track.map_or(&[][..], |track| &track.layers);
        let max_quality = if settings.width > 0 && settings.height > 0 {
            quality_for(settings.width, settings.height, layers)
        } else {
            match settings.quality() {
                proto::VideoQuality::Low => Quality::Low,
                proto::VideoQuality::Medium => Quality::Medium,
                _ => Quality::High,
            }
        };
        Want {
            enabled: !settings.disabled && settings.quality() != proto::VideoQuality::Off,
            max_quality,
            max_fps: settings.fps,
            // LiveKit's 1 is the highest and 0 is unset; here higher numbers win.
            priority: match u8::try_from(settings.priority).unwrap_or(u8::MAX) {
                0 => by_source,
                priority => u8::MAX - priority + 1,
            },
        }
    }
}

/// The lowest layer that fills a picture of this size.
fn quality_for(width: u32, height: u32, layers: &[Layer]) -> Quality {
    let needed = u64::from(width.min(height)) * u64::from(LAYER_TOLERANCE_PERCENT) / 100;
    let fills = layers.iter().find(|layer| u64::from(layer.width.min(layer.height)) >= needed);
    fills.map_or(Quality::High, |layer| layer.quality)
}

#[cfg(test)]
mod tests {
    use super::{Layer, Quality, quality_for};

    const LAYERS: [Layer; 3] = [
        Layer { quality: Quality::Low, width: 320, height: 180 },
        Layer { quality: Quality::Medium, width: 640, height: 360 },
        Layer { quality: Quality::High, width: 1_280, height: 720 },
    ];

    #[test]
    fn smallest_layer_that_fills_the_picture_is_chosen() {
        assert_eq!(quality_for(320, 180, &LAYERS), Quality::Low);
        assert_eq!(quality_for(350, 197, &LAYERS), Quality::Low);
        assert_eq!(quality_for(420, 236, &LAYERS), Quality::Medium);
        assert_eq!(quality_for(3_840, 2_160, &LAYERS), Quality::High);
    }

    #[test]
    fn shape_of_the_picture_does_not_matter() {
        assert_eq!(quality_for(180, 900, &LAYERS), Quality::Low);
    }

    #[test]
    fn track_without_layers_is_had_whole() {
        assert_eq!(quality_for(10, 10, &[]), Quality::High);
    }
}
