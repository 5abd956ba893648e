//! The spectrum that Parakeet was trained on: NeMo's `AudioToMelSpectrogramPreprocessor`, as
//! `nemo128.onnx` of onnx-asr 0.12.0 computes it. A test compares the two on speech.
//!
//! Pre-emphasis 0.97; frames of 512 samples every 160, centred on their time, the signal padded
//! with zeros; a symmetric Hann window of 400 samples in the middle of each; power; mel bands on
//! Slaney's scale from 0 to 8 kHz with unit area; natural logarithm; each band then shifted and
//! scaled to mean 0 and deviation 1 over the segment.

use crate::SAMPLE_RATE_HZ;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};
use std::f64::consts::TAU;
use std::sync::Arc;

const FFT_SAMPLES: usize = 512;
const WINDOW_SAMPLES: usize = 400;

/// Samples from one frame to the next: 10 ms.
pub const HOP_SAMPLES: usize = 160;

const PRE_EMPHASIS: f32 = 0.97;

/// Added before the logarithm: 2⁻²⁴.
const LOG_GUARD: f32 = 5.960_464_5e-8;

/// Added to a band's deviation before dividing by it.
const DEVIATION_GUARD: f64 = 1e-5;

/// The spectrum of a segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Spectrum {
    /// Mel bands.
    pub bands: usize,
    /// Frames, the last of which is only padding and holds zeros.
    pub frames: usize,
    /// Frames that hold audio.
    pub frames_valid: usize,
    /// `bands` rows of `frames` values.
    pub values: Vec<f32>,
}

/// Computes spectra.
pub struct Mel {
    fft: Arc<dyn Fft<f32>>,
    window: Vec<f32>,
    bands: Vec<Band>,
}

impl std::fmt::Debug for Mel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mel").field("bands", &self.bands.len()).finish_non_exhaustive()
    }
}

/// One triangular filter: weights of consecutive FFT bins.
struct Band {
    first_bin: usize,
    weights: Vec<f32>,
}

impl Mel {
    /// `bands` filters; Parakeet has 128.
    pub fn new(bands: usize) -> Self {
        let fft = FftPlanner::new().plan_fft_forward(FFT_SAMPLES);
        let turn = TAU / (WINDOW_SAMPLES - 1) as f64;
        let window =
            (0..WINDOW_SAMPLES).map(|n| (0.5 - 0.5 * (turn * n as f64).cos()) as f32).collect();
        // Each band reaches from its lower neighbour's centre to its upper one's.
        let corners: Vec<f64> = (0..bands + 2)
            .map(|index| hz(mel(8_000.0) * index as f64 / (bands + 1) as f64))
            .collect();
        let bands = corners.windows(3).map(|hz| Band::new([hz[0], hz[1], hz[2]])).collect();
        Self { fft, window, bands }
    }

    /// The spectrum of samples in −1..1, or `None` of fewer than two frames, over which nothing
    /// can be normalised.
    pub fn spectrum(&self, pcm: &[f32]) -> Option<Spectrum> {
        let (frames, frames_valid) = (pcm.len() / HOP_SAMPLES + 1, pcm.len() / HOP_SAMPLES);
        if frames_valid < 2 {
            return None;
        }
        let mut values = vec![0.0; self.bands.len() * frames];
        let mut buffer = vec![Complex::default(); FFT_SAMPLES];
        let mut scratch = vec![Complex::default(); self.fft.get_inplace_scratch_len()];
        let mut power = [0.0; FFT_SAMPLES / 2 + 1];
        for frame in 0..frames_valid {
            self.frame(pcm, frame, &mut buffer);
            self.fft.process_with_scratch(&mut buffer, &mut scratch);
            for (power, bin) in power.iter_mut().zip(&buffer) {
                *power = bin.norm_sqr();
            }
            for (index, band) in self.bands.iter().enumerate() {
                values[index * frames + frame] = (band.energy(&power) + LOG_GUARD).ln();
            }
        }
        for row in values.chunks_exact_mut(frames) {
            normalise(&mut row[..frames_valid]);
        }
        Some(Spectrum { bands: self.bands.len(), frames, frames_valid, values })
    }

    /// Fills `buffer` with the windowed frame.
    fn frame(&self, pcm: &[f32], frame: usize, buffer: &mut [Complex<f32>]) {
        buffer.fill(Complex::default());
        let margin = (FFT_SAMPLES - WINDOW_SAMPLES) / 2;
        // Where the window begins, counted from the padding's first zero.
        let begin = frame * HOP_SAMPLES + margin;
        for (offset, weight) in self.window.iter().enumerate() {
            let Some(at) = (begin + offset).checked_sub(FFT_SAMPLES / 2) else { continue };
            let Some(sample) = pcm.get(at) else { break };
            let before = at.checked_sub(1).map_or(0.0, |before| pcm[before]);
            buffer[margin + offset].re = (sample - PRE_EMPHASIS * before) * weight;
        }
    }
}

impl Band {
    fn new([low, centre, high]: [f64; 3]) -> Self {
        let bin_hz = f64::from(SAMPLE_RATE_HZ) / FFT_SAMPLES as f64;
        let weight = |bin: usize| {
            let hz = bin as f64 * bin_hz;
            let triangle = ((hz - low) / (centre - low)).min((high - hz) / (high - centre));
            (triangle.max(0.0) * 2.0 / (high - low)) as f32
        };
        let bins = (low / bin_hz) as usize..=((high / bin_hz) as usize).min(FFT_SAMPLES / 2);
        Self { first_bin: *bins.start(), weights: bins.map(weight).collect() }
    }

    fn energy(&self, power: &[f32]) -> f32 {
        self.weights.iter().zip(&power[self.first_bin..]).map(|(weight, bin)| weight * bin).sum()
    }
}

/// Mean 0, deviation 1.
fn normalise(values: &mut [f32]) {
    let count = values.len() as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum();
    let deviation = (squares / (count - 1.0)).sqrt() + DEVIATION_GUARD;
    for value in values {
        *value = ((f64::from(*value) - mean) / deviation) as f32;
    }
}

/// Slaney's mel scale: linear up to 1 kHz, 15 mel there, logarithmic above.
fn mel(hz: f64) -> f64 {
    if hz < 1_000.0 { hz * 3.0 / 200.0 } else { 15.0 + (hz / 1_000.0).ln() / 6.4_f64.ln() * 27.0 }
}

fn hz(mel: f64) -> f64 {
    if mel < 15.0 { mel * 200.0 / 3.0 } else { 1_000.0 * 6.4_f64.powf((mel - 15.0) / 27.0) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scale_inverts_and_meets_at_1_khz() {
        for freq in [0.0, 440.0, 999.9, 1_000.0, 8_000.0] {
            assert!((hz(mel(freq)) - freq).abs() < 1e-9, "{freq}");
        }
        assert_eq!(mel(1_000.0), 15.0);
    }

    #[test]
    fn too_little_audio_has_no_spectrum() {
        let mel = Mel::new(128);
        assert_eq!(mel.spectrum(&[]), None);
        assert_eq!(mel.spectrum(&[0.5; 319]), None);
        let least = mel.spectrum(&[0.5; 320]).unwrap();
        assert_eq!((least.bands, least.frames, least.frames_valid), (128, 3, 2));
    }

    proptest! {
        // Each case plans a transform and 128 filters.
        #![proptest_config(ProptestConfig::with_cases(16))]

        /// No division by nothing, in silence or at full scale.
        #[test]
        fn spectra_are_finite_and_padding_is_zero(
            pcm in prop::collection::vec(prop_oneof![Just(0.0f32), -1.0f32..1.0], 320..2_000),
        ) {
            let spectrum = Mel::new(128).spectrum(&pcm).unwrap();
            prop_assert!(spectrum.values.iter().all(|value| value.is_finite()));
            for row in spectrum.values.chunks_exact(spectrum.frames) {
                prop_assert!(row[spectrum.frames_valid..].iter().all(|value| *value == 0.0));
            }
        }
    }
}
