//! Noise suppression: RNNoise, which hears at 48 kHz, for audio at 16 kHz.
//!
//! RNNoise remembers: what it does to a sample depends on all it has heard before. A record must be
//! checkable from the segment's samples alone, so nothing is carried from one use to the next.
//! Each starts from an empty memory, which a stretch of known audio fills first: for a segment its
//! own beginning ([`suppress`]), for a block of voice activity the audio before it ([`Suppressor`]).
//! So the same samples give the same result, however they came and wherever a stream was taken up.

use crate::SAMPLE_RATE_HZ;
use crate::front::to_float;
use nnnoiseless::{DenoiseState, RnnModel};
use resample::{Down, FACTOR, Up};
use std::sync::LazyLock;

mod resample;
#[cfg(test)]
mod tests;

/// Samples at 48 kHz that RNNoise takes at a time: 10 ms.
const FRAME: usize = DenoiseState::FRAME_SIZE;

/// The same at 16 kHz.
const STEP: usize = FRAME / FACTOR;

/// How much later a sample leaves than it came, in samples at 16 kHz: 24 ms. A frame is awaited, a
/// frame overlaps the next, and both filters are symmetric.
pub const DELAY_SAMPLES: usize = 2 * STEP + resample::DELAY_SAMPLES;

/// Of a segment's beginning, so much is heard once, backwards, before it counts: 1 s. RNNoise needs
/// some half a second to tell a noise from a voice; backwards, the sound joins without a click.
pub const LEAD_SAMPLES: usize = SAMPLE_RATE_HZ as usize;

/// What a record's `filters` says where noise was suppressed.
pub const DESCRIPTION: &str = "noise=rnnoise-0.5.2,lead=16000";

/// Full scale: RNNoise counts in steps of 16 bits.
const SCALE: f32 = 32_768.0;

/// The model that comes with the library, parsed once.
static MODEL: LazyLock<RnnModel> = LazyLock::new(RnnModel::default);

/// Takes noise off audio as it comes. For `n` samples in, `n` come out, [`DELAY_SAMPLES`] late; what
/// comes out depends on what went in and not on how it was cut.
pub struct Suppressor {
    state: Box<DenoiseState<'static>>,
    up: Up,
    down: Down,
    /// At 48 kHz, less than a frame.
    waiting: Vec<f32>,
    /// At 16 kHz, at most a step.
    ready: Vec<f32>,
}

impl std::fmt::Debug for Suppressor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Suppressor").finish_non_exhaustive()
    }
}

impl Default for Suppressor {
    fn default() -> Self {
        Self {
            state: DenoiseState::with_model(&MODEL),
            up: Up::default(),
            down: Down::default(),
            waiting: Vec::with_capacity(FRAME),
            // Lets every call return as much as it takes.
            ready: vec![0.0; STEP],
        }
    }
}

impl Suppressor {
    /// Takes samples in −1..1 and returns as many.
    pub fn push(&mut self, samples: &[f32]) -> Vec<f32> {
        let mut frame = [0.0; FRAME];
        for sample in samples {
            self.waiting.extend(self.up.push(sample * SCALE));
            if self.waiting.len() == FRAME {
                self.state.process_frame(&mut frame, &self.waiting);
                self.waiting.clear();
                let lower = frame.chunks_exact(FACTOR).map(|three| self.down.push(three) / SCALE);
                self.ready.extend(lower);
            }
        }
        let rest = self.ready.split_off(samples.len().min(self.ready.len()));
        std::mem::replace(&mut self.ready, rest)
    }
}

/// A segment without its noise, sample for sample where it was. The result is a function of the
/// segment alone.
pub fn suppress(pcm: &[i16]) -> Vec<f32> {
    let mut suppressor = Suppressor::default();
    let lead = pcm.len().min(LEAD_SAMPLES);
    let backwards = pcm[..lead].iter().rev();
    let flush = std::iter::repeat_n(0.0, DELAY_SAMPLES);
    let input: Vec<f32> = backwards.chain(pcm).copied().map(to_float).chain(flush).collect();
    suppressor.push(&input).split_off(lead + DELAY_SAMPLES)
}
