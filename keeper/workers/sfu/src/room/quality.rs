//! Connection quality, from what the media plane measures.
//!
//! `LOST` makes a client start anew if it is told so about itself for ten seconds, so nobody is
//! told that about themselves: who can be told is not lost. Others are told it of somebody whose
//! media is unreachable.

use super::Room;
use super::ids::ParticipantId;
use super::participant::Participant;
use crate::media::api::{ForwardStats, PeerStats, TrackStats};
use livekit_protocol as proto;
use proto::ConnectionQuality;
use proto::signal_response::Message;
use std::collections::HashMap;

/// Stats that make one judgement. LiveKit judges every 5 s.
const STATS_PER_JUDGEMENT: u32 = 5;
/// How long media is unreachable before others are told: an ICE restart takes a moment too.
const LOST_AFTER_MS: u64 = 5_000;
/// Below these opinion scores quality is good, and poor.
const GOOD_BELOW: f32 = 4.1;
const POOR_BELOW: f32 = 3.1;

/// What is known about one participant's connection.
#[derive(Debug)]
pub(super) struct QualityOf {
    told: ConnectionQuality,
    score: f32,
    stats: u32,
    loss_ppm_worst: u64,
    delay_ms_sum: u64,
}

impl Default for QualityOf {
    /// Nothing speaks against it.
    fn default() -> Self {
        Self {
            told: ConnectionQuality::Excellent,
            score: opinion_score(0.0, 0.0),
            stats: 0,
            loss_ppm_worst: 0,
            delay_ms_sum: 0,
        }
    }
}

impl Room {
    pub(super) fn measure_quality(
        &mut self,
        peers: &[PeerStats],
        tracks: &[TrackStats],
        _forwards: &[ForwardStats],
    ) {
        // (loss in ppm, delay in ms): the worse of both directions.
        let mut measured: HashMap<ParticipantId, (u64, u64)> = HashMap::new();
        for stats in peers {
            let Some(&who) = self.by_peer.get(&stats.peer) else { continue };
            let worst = measured.entry(who).or_default();
            worst.0 = worst.0.max(u64::from(stats.egress_loss_ppm.unwrap_or(0)));
            worst.1 = worst.1.max(u64::from(stats.rtt_ms.unwrap_or(0)) / 2);
        }
        for stats in tracks {
            let Some(track) = self.tracks.get(&stats.track).filter(|track| !track.info.muted)
            else {
                continue;
            };
            let worst = measured.entry(track.owner).or_default();
            worst.0 = worst.0.max(u64::from(stats.loss_ppm));
        }
        let now_ms = self.now_ms;
        let mut changed = Vec::new();
        for participant in self.participants.values_mut() {
            let unreachable_ms = participant.unreachable_since_ms.map(|at_ms| now_ms - at_ms);
            let lost = unreachable_ms.is_some_and(|ms| ms >= LOST_AFTER_MS);
            let quality = &mut participant.quality;
            let before = quality.told;
            if lost {
                quality.told = ConnectionQuality::Lost;
            } else if let Some((loss_ppm, delay_ms)) = measured.get(&participant.id) {
                quality.measured(*loss_ppm, *delay_ms);
            }
            if quality.told != before {
                changed.push((participant.id, participant.hidden()));
            }
        }
        for (who, hidden) in changed {
            let Some(info) = self.quality_info(who) else { continue };
            let lost = info.quality == ConnectionQuality::Lost as i32;
            let message =
                Message::ConnectionQuality(proto::ConnectionQualityUpdate { updates: vec![info] });
            match (hidden, lost) {
                (false, true) => self.tell_others(Some(who), message),
                (false, false) => self.tell_others(None, message),
                (true, false) => self.tell(who, message),
                (true, true) => {}
            }
        }
    }

    /// Tells a newcomer of everybody's connection, and everybody of the newcomer's: clients show
    /// that they do not know until they are told.
    pub(super) fn introduce_quality(&mut self, who: ParticipantId) {
        let hidden = self.participants.get(&who).is_none_or(Participant::hidden);
        if let Some(info) = self.quality_info(who).filter(|_| !hidden) {
            let message = proto::ConnectionQualityUpdate { updates: vec![info] };
            self.tell_others(Some(who), Message::ConnectionQuality(message));
        }
        self.tell_quality_to(who);
    }

    /// Tells somebody of everybody's connection.
    pub(super) fn tell_quality_to(&mut self, who: ParticipantId) {
        let known = self.participants.values().filter(|p| p.id == who || !p.hidden());
        let known: Vec<ParticipantId> = known.map(|participant| participant.id).collect();
        let updates = known
            .into_iter()
            .filter_map(|id| self.quality_info(id).map(|info| (id, info)))
            .filter(|(id, info)| *id != who || info.quality != ConnectionQuality::Lost as i32)
            .map(|(_, info)| info)
            .collect();
        let message = proto::ConnectionQualityUpdate { updates };
        self.tell(who, Message::ConnectionQuality(message));
    }

    fn quality_info(&self, who: ParticipantId) -> Option<proto::ConnectionQualityInfo> {
        let participant = self.participants.get(&who)?;
        Some(proto::ConnectionQualityInfo {
            participant_sid: participant.sid.clone(),
            quality: participant.quality.told as i32,
            score: participant.quality.score,
        })
    }
}

impl QualityOf {
    fn measured(&mut self, loss_ppm: u64, delay_ms: u64) {
        // What was lost is found again at the first measurement.
        let found = self.told == ConnectionQuality::Lost;
        self.stats += 1;
        self.loss_ppm_worst += loss_ppm;
        self.delay_ms_sum += delay_ms;
        if self.stats < STATS_PER_JUDGEMENT && !found {
            return;
        }
        #[allow(clippy::cast_precision_loss, reason = "a score has two digits")]
        let (loss_percent, delay_ms) = (
            self.loss_ppm_worst as f32 / self.stats as f32 / 10_000.0,
            self.delay_ms_sum as f32 / self.stats as f32,
        );
        self.score = opinion_score(loss_percent, delay_ms);
        self.told = match self.score {
            score if score < POOR_BELOW => ConnectionQuality::Poor,
            score if score < GOOD_BELOW => ConnectionQuality::Good,
            _ => ConnectionQuality::Excellent,
        };
        (self.stats, self.loss_ppm_worst, self.delay_ms_sum) = (0, 0, 0);
    }
}

/// Mean opinion score from 1 to 4.5 by the simplified E-model (Cole and Rosenbluth 2001, with 2.5
/// of R for each per cent lost): R is 93.2 less what delay and loss take.
fn opinion_score(loss_percent: f32, delay_ms: f32) -> f32 {
    let delayed = if delay_ms < 160.0 { delay_ms / 40.0 } else { (delay_ms - 120.0) / 10.0 };
    let r = (93.2 - delayed - 2.5 * loss_percent).clamp(0.0, 100.0);
    1.0 + 0.035 * r + 7.0e-6 * r * (r - 60.0) * (100.0 - r)
}

#[cfg(test)]
mod tests {
    use super::{GOOD_BELOW, POOR_BELOW, opinion_score};

    #[test]
    fn clean_path_is_excellent() {
        assert!(opinion_score(0.0, 20.0) > GOOD_BELOW);
    }

    #[test]
    fn five_per_cent_lost_is_good_and_twenty_is_poor() {
        let five = opinion_score(5.0, 50.0);
        assert!(five < GOOD_BELOW && five > POOR_BELOW, "{five}");
        assert!(opinion_score(20.0, 50.0) < POOR_BELOW);
    }

    #[test]
    fn delay_of_half_a_second_is_noticed() {
        assert!(opinion_score(0.0, 500.0) < GOOD_BELOW);
    }
}
