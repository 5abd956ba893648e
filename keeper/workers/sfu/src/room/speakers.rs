//! Who speaks, from the loudness of audio tracks.

use super::Room;
use super::ids::ParticipantId;
use crate::media::api::{Kind, TrackId};
use livekit_protocol as proto;
use proto::signal_response::Message;
use std::collections::HashMap;

/// Loud enough to count as speech, in dBov below full scale. LiveKit's.
const ACTIVE_DBOV: u8 = 35;
/// Share of the newest measurement in the smoothed one; the rest is the past.
const NEWEST: f32 = 0.5;
/// Steps in which clients are told of loudness: fewer messages, and nobody sees finer ones.
const STEPS: f32 = 8.0;

/// Smoothed loudness of participants, by sid.
#[derive(Debug, Default)]
pub(super) struct Speakers {
    levels: HashMap<String, Level>,
    measured_ms: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Level {
    /// From 0 to 1, linear.
    smooth: f32,
    /// What clients know; 0 is silence.
    told: f32,
}

impl Speakers {
    pub(super) fn forget(&mut self, sid: &str) {
        self.levels.remove(sid);
    }
}

impl Room {
    pub(super) fn levels(&mut self, levels: &[(TrackId, u8, u8)]) {
        self.speakers.measured_ms = self.now_ms;
        let mut loudest: HashMap<String, f32> = HashMap::new();
        for (id, dbov, _) in levels {
            let Some(track) = self.tracks.get(id) else { continue };
            if track.kind != Kind::Audio || track.info.muted || *dbov > ACTIVE_DBOV {
                continue;
            }
            let Some(owner) = self.participants.get(&track.owner).filter(|p| !p.hidden()) else {
                continue;
            };
            let level = loudest.entry(owner.sid.clone()).or_default();
            *level = level.max(linear(*dbov));
        }
        for sid in loudest.keys() {
            self.speakers.levels.entry(sid.clone()).or_default();
        }
        let mut changed = Vec::new();
        self.speakers.levels.retain(|sid, level| {
            let newest = loudest.get(sid).copied().unwrap_or(0.0);
            level.smooth = NEWEST * newest + (1.0 - NEWEST) * level.smooth;
            let active = level.smooth >= linear(ACTIVE_DBOV);
            // At least one step, or an active speaker would be told as silent.
            let steps = (level.smooth * STEPS).round().max(1.0);
            let tell = if active { steps / STEPS } else { 0.0 };
            if (tell - level.told).abs() > f32::EPSILON {
                level.told = tell;
                changed.push(proto::SpeakerInfo { sid: sid.clone(), level: tell, active });
            }
            active || newest > 0.0
        });
        if !changed.is_empty() {
            let message = proto::SpeakersChanged { speakers: changed };
            self.tell_others(None, Message::SpeakersChanged(message));
        }
    }

    /// Tells somebody who may have missed it who speaks now.
    pub(super) fn repeat_speakers(&mut self, who: ParticipantId) {
        let speaking = self.speakers.levels.iter().filter(|(_, level)| level.told > 0.0);
        let speakers: Vec<proto::SpeakerInfo> = speaking
            .map(|(sid, level)| proto::SpeakerInfo {
                sid: sid.clone(),
                level: level.told,
                active: true,
            })
            .collect();
        if !speakers.is_empty() {
            self.tell(who, Message::SpeakersChanged(proto::SpeakersChanged { speakers }));
        }
    }

    /// Without any track that sends, nothing is measured: that is silence too.
    pub(super) fn expire_speakers(&mut self) {
        let silent_ms = self.now_ms.saturating_sub(self.speakers.measured_ms);
        if !self.speakers.levels.is_empty() && silent_ms > 2 * crate::media::api::LEVELS_EVERY_MS {
            self.levels(&[]);
        }
    }
}

/// 0 dBov is 1.
fn linear(dbov: u8) -> f32 {
    10.0_f32.powf(-f32::from(dbov) / 20.0)
}
