//! Between 16 and 48 kHz, by one symmetric low-pass filter run in three phases.
//!
//! Plain sums in a fixed order: a library's FFT would pick its instructions by the machine, and two
//! machines might then disagree about a segment in the last bit.

use std::f64::consts::PI;
use std::sync::LazyLock;

/// One rate over the other.
pub const FACTOR: usize = 3;

/// Taps of one phase.
const PHASE_TAPS: usize = 64;

/// Taps of the filter; odd, so that its delay is whole. The last phase lacks one.
const TAPS: usize = FACTOR * PHASE_TAPS + 1;

/// Both filters' delay together, at 16 kHz: each is late by half its length.
pub const DELAY_SAMPLES: usize = (TAPS - 1) / FACTOR;

/// Where the filter has fallen to half, over 48 kHz. It lets 7 kHz pass and keeps 8.2 kHz out: what
/// lies between is little in speech and would fold back.
const CUTOFF: f64 = 7_600.0 / 48_000.0;

/// Kaiser's shape for 80 dB.
const BETA: f64 = 8.0;

/// The filter at 48 kHz, with gain 1.
static FILTER: LazyLock<[f32; TAPS]> = LazyLock::new(|| {
    let middle = (TAPS / 2) as f64;
    let taps: Vec<f64> = (0..TAPS)
        .map(|n| {
            let t = n as f64 - middle;
            let sinc =
                if t == 0.0 { 2.0 * CUTOFF } else { (2.0 * PI * CUTOFF * t).sin() / (PI * t) };
            let edge = t / middle;
            sinc * bessel(BETA * (1.0 - edge * edge).max(0.0).sqrt()) / bessel(BETA)
        })
        .collect();
    let gain: f64 = taps.iter().sum();
    std::array::from_fn(|n| (taps[n] / gain) as f32)
});

/// The modified Bessel function of the first kind and order zero, by its series.
fn bessel(x: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..40 {
        term *= (x / (2.0 * f64::from(n))).powi(2);
        sum += term;
    }
    sum
}

/// From 16 to 48 kHz.
pub struct Up {
    /// The last samples, newest first.
    past: [f32; PHASE_TAPS + 1],
}

impl Default for Up {
    fn default() -> Self {
        Self { past: [0.0; PHASE_TAPS + 1] }
    }
}

impl Up {
    /// One sample in, three out.
    pub fn push(&mut self, sample: f32) -> [f32; FACTOR] {
        self.past.copy_within(..PHASE_TAPS, 1);
        self.past[0] = sample;
        // Two of three samples at the higher rate are zeros, which the factor makes up for.
        std::array::from_fn(|phase| {
            let taps = FILTER.iter().skip(phase).step_by(FACTOR);
            FACTOR as f32 * taps.zip(&self.past).map(|(tap, sample)| tap * sample).sum::<f32>()
        })
    }
}

/// From 48 to 16 kHz.
pub struct Down {
    /// The last samples, oldest first, with the two that wait for the next call.
    past: [f32; TAPS + FACTOR - 1],
}

impl Default for Down {
    fn default() -> Self {
        Self { past: [0.0; TAPS + FACTOR - 1] }
    }
}

impl Down {
    /// Three samples in, one out: the filter ends on the first of the three.
    pub fn push(&mut self, samples: &[f32]) -> f32 {
        self.past.copy_within(FACTOR.., 0);
        self.past[TAPS - 1..].copy_from_slice(samples);
        // Symmetric, so the direction does not matter.
        FILTER.iter().zip(&self.past).map(|(tap, sample)| tap * sample).sum()
    }
}
