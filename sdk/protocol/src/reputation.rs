//! From observations to a node's score and an observer's standing.
//!
//! Nobody reports a score. Observers commit to figures, show them after all have committed, and
//! the median of each figure goes through [`score_ppm`]. As long as less than half of those heard
//! lie, every median lies among the figures of the honest.

mod epoch;
mod median;
mod score;
mod standing;

pub use epoch::{Epoch, Phase, RETAINED_EPOCHS, SCORES_MAX, absences};
pub use median::{OBSERVERS_MAX, has_quorum, median, medians};
pub use score::{
    availability_quality_ppm, media_quality_ppm, score_ppm, setup_quality_ppm, smoothed_ppm,
    transcript_quality_ppm,
};
pub use standing::{
    AVAILABILITY_TOLERANCE_PPM, FAULTS_MAX, JITTER_TOLERANCE_US, JUDGED_RECENTLY, Judgement,
    LOSS_TOLERANCE_PPM, RTT_TOLERANCE_US, Record, SETUP_TOLERANCE_US, WER_TOLERANCE_PPM, deviates,
};
