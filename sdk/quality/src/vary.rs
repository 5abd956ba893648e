//! A known clip as nobody has sent it before.
//!
//! A probe that a node recognises measures how well the node treats probes. So the clip is never
//! the same twice: other loudness, other silence around it, other noise under it, no sample where
//! it was. What is said stays what is said.

use crate::noise::{mixed, speech_end, speech_power, white};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// Loudness of the speech, in dB below full scale by power: from somebody far from the microphone to
/// somebody close.
const LEVEL_DB: std::ops::RangeInclusive<f64> = -36.0..=-20.0;

/// Noise below the speech, in dB: rooms, none of which costs a word.
const SNR_DB: std::ops::RangeInclusive<f64> = 25.0..=40.0;

/// Before the speech and after, in samples: 0.2 to 2 s.
const PAUSE_SAMPLES: std::ops::RangeInclusive<usize> = 3_200..=32_000;

/// Full scale, in squared sample units.
const FULL_SCALE_POWER: f64 = 32_768.0 * 32_768.0;

/// A clip to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Varied {
    /// 16 kHz, mono.
    pub pcm: Vec<i16>,
    /// The sample after the last that belongs to speech. It cannot be told from `pcm` any more: noise
    /// may be as loud as quiet speech.
    pub speech_end: usize,
}

/// Varies 16 kHz mono speech. The same seed gives the same samples.
pub fn varied(pcm: &[i16], seed: u64) -> Varied {
    let mut random = StdRng::seed_from_u64(seed);
    let before = random.random_range(PAUSE_SAMPLES);
    let after = random.random_range(PAUSE_SAMPLES);
    let level_db: f64 = random.random_range(LEVEL_DB);
    let snr_db = random.random_range(SNR_DB);
    let power = speech_power(pcm);
    let gain = if power > 0.0 {
        (FULL_SCALE_POWER * 10f64.powf(level_db / 10.0) / power).sqrt()
    } else {
        1.0
    };
    let mut louder = vec![0; before];
    // Casting saturates: a shout is clipped as a microphone clips it.
    louder.extend(pcm.iter().map(|sample| (f64::from(*sample) * gain).round() as i16));
    louder.resize(louder.len() + after, 0);
    let noise = white(louder.len(), random.random());
    Varied { pcm: mixed(&louder, &noise, snr_db), speech_end: speech_end(&louder) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::noise::speech_start;
    use std::collections::BTreeSet;

    fn tone() -> Vec<i16> {
        (0..16_000).map(|at| (20_000.0 * f64::sin(at as f64 * 0.3)) as i16).collect()
    }

    #[test]
    fn no_variation_is_like_another_and_each_repeats_with_its_seed() {
        let tone = tone();
        let all: BTreeSet<Vec<i16>> = (0..50).map(|seed| varied(&tone, seed).pcm).collect();
        assert_eq!(all.len(), 50);
        let lengths: BTreeSet<usize> = all.iter().map(Vec::len).collect();
        assert!(lengths.len() > 40, "only {} lengths", lengths.len());
        assert_eq!(varied(&tone, 7), varied(&tone, 7));
    }

    #[test]
    fn speech_is_as_loud_as_meant_and_whole() {
        for seed in 0..20 {
            let Varied { pcm: varied, speech_end } = varied(&tone(), seed);
            // The tone is there for as long as it lasts, and then comes the pause.
            assert!(speech_end <= varied.len() - PAUSE_SAMPLES.start() + 320);
            assert!(speech_end >= 16_000 + PAUSE_SAMPLES.start());
            let level_db = 10.0 * (speech_power(&varied) / FULL_SCALE_POWER).log10();
            // Pauses within 40 dB of the speech count as speech, with their noise.
            assert!((-42.0..-19.0).contains(&level_db), "{level_db} dB");
            assert!(varied.len() >= 16_000 + 2 * PAUSE_SAMPLES.start());
            assert!(varied.iter().all(|sample| sample.unsigned_abs() < 32_767));
        }
        let silence = varied(&[0; 500], 1);
        assert_eq!((speech_start(&silence.pcm), silence.speech_end), (silence.pcm.len(), 0));
    }
}
