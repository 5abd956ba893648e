//! How well an observer does its work.

use crate::observation::{Figures, NOT_MEASURED};

/// How far an availability may lie from the median, in parts per million of one.
pub const AVAILABILITY_TOLERANCE_PPM: u32 = 100_000;
/// How far a round-trip time may lie from the median. Observers are meant to stand in different
/// places, and no two places on Earth are further apart than this on an ordinary line; only what no
/// place explains counts as deviation. Lowering it would punish the only observer on a continent.
pub const RTT_TOLERANCE_US: u32 = 400_000;
/// How far a jitter may lie from the median.
pub const JITTER_TOLERANCE_US: u32 = 100_000;
/// How far a loss may lie from the median.
pub const LOSS_TOLERANCE_PPM: u32 = 50_000;
/// How far a set-up time may lie from the median: several round trips.
pub const SETUP_TOLERANCE_US: u32 = 3_000_000;
/// How far a word error rate may lie from the median: canary clips differ a little.
pub const WER_TOLERANCE_PPM: u32 = 100_000;

/// Judgements an observer's record looks back on: the bits of [`Record::recent_faults`].
pub const JUDGED_RECENTLY: u64 = u64::BITS as u64;
/// Faults among those that a reliable observer may have: a quarter.
pub const FAULTS_MAX: u32 = 16;

/// What is found about an observer when a node it posted a root for is scored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// Its leaf was shown and lies near the medians.
    Near,
    /// Its leaf was shown and lies far from them.
    Deviated,
    /// No leaf under its root was shown: it left the node out, or showed the leaf to nobody.
    Missed,
}

/// Whether a leaf lies far from the medians in any figure that both have.
pub fn deviates(reported: &Figures, medians: &Figures) -> bool {
    [
        (reported.availability_ppm, medians.availability_ppm, AVAILABILITY_TOLERANCE_PPM),
        (reported.rtt_p95_us, medians.rtt_p95_us, RTT_TOLERANCE_US),
        (reported.jitter_p95_us, medians.jitter_p95_us, JITTER_TOLERANCE_US),
        (reported.loss_ppm, medians.loss_ppm, LOSS_TOLERANCE_PPM),
        (reported.setup_p95_us, medians.setup_p95_us, SETUP_TOLERANCE_US),
        (reported.wer_ppm, medians.wer_ppm, WER_TOLERANCE_PPM),
    ]
    .iter()
    .any(|&(reported, median, tolerance)| {
        reported != NOT_MEASURED && median != NOT_MEASURED && reported.abs_diff(median) > tolerance
    })
}

/// An observer's judgements. Counts stop at their largest value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// All of them.
    pub judged: u64,
    /// Of these, [`Judgement::Missed`].
    pub missed: u64,
    /// Of these, [`Judgement::Deviated`].
    pub deviated: u64,
    /// The last 64, the newest in the lowest bit; set where the observer was at fault.
    pub recent_faults: u64,
}

impl Record {
    /// The record with one more judgement.
    #[must_use]
    pub const fn judge(self, judgement: Judgement) -> Self {
        let missed = matches!(judgement, Judgement::Missed) as u64;
        let deviated = matches!(judgement, Judgement::Deviated) as u64;
        Self {
            judged: self.judged.saturating_add(1),
            missed: self.missed.saturating_add(missed),
            deviated: self.deviated.saturating_add(deviated),
            recent_faults: self.recent_faults << 1 | missed | deviated,
        }
    }

    /// Whether more than [`FAULTS_MAX`] of the last 64 judgements were faults. An observer that has
    /// not been judged so often yet is not unreliable.
    pub const fn is_unreliable(&self) -> bool {
        self.judged >= JUDGED_RECENTLY && self.recent_faults.count_ones() > FAULTS_MAX
    }
}
