//! The median over observers, and how many of them it takes.

use crate::observation::Figures;
use alloc::vec::Vec;

/// Observers heard about one epoch.
pub const OBSERVERS_MAX: usize = 16;

/// The median; of an even count the lower of the two in the middle, a value somebody reported.
///
/// [`crate::observation::NOT_MEASURED`] is the largest value: the median is "not measured" when
/// more than half say so. With less than half of the values from liars, the median lies between
/// two honest ones. Sorts `values`; `None` when there are none.
pub fn median(values: &mut [u32]) -> Option<u32> {
    values.sort_unstable();
    let middle = values.len().checked_sub(1)? / 2;
    values.get(middle).copied()
}

/// The median of each figure.
pub fn medians(reported: &[Figures]) -> Option<Figures> {
    let mut values = Vec::with_capacity(reported.len());
    let mut of = |figure: fn(&Figures) -> u32| {
        values.clear();
        values.extend(reported.iter().map(figure));
        median(&mut values)
    };
    Some(Figures {
        samples: of(|f| f.samples)?,
        availability_ppm: of(|f| f.availability_ppm)?,
        rtt_p95_us: of(|f| f.rtt_p95_us)?,
        jitter_p95_us: of(|f| f.jitter_p95_us)?,
        loss_ppm: of(|f| f.loss_ppm)?,
        setup_p95_us: of(|f| f.setup_p95_us)?,
        wer_ppm: of(|f| f.wer_ppm)?,
    })
}

/// Whether `heard` observers of the `posted` ones suffice: at least `quorum`, and two thirds of
/// those who posted a root, so that nobody picks the leaves that suit.
pub const fn has_quorum(heard: usize, posted: usize, quorum: u8) -> bool {
    heard > 0 && heard >= quorum as usize && heard.saturating_mul(3) >= posted.saturating_mul(2)
}
