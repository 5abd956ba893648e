//! Noise of known strength, the same for the same seed.
//!
//! The ratio is between speech while somebody speaks and noise all the time, both by mean power over
//! the whole band of 16 kHz audio: pauses do not make a recording look quieter than it sounds.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// 20 ms at 16 kHz: what is judged to be speech or a pause.
const FRAME_SAMPLES: usize = 320;

/// Frames this far below the loudest one are pauses: 40 dB.
const PAUSE_POWER: f64 = 1e-4;

/// Largest value of a sample.
const PEAK: f64 = 32_767.0;

/// Mean power of the frames in which somebody speaks, in squared sample units; 0 for silence.
pub fn speech_power(pcm: &[i16]) -> f64 {
    let frames = spoken(pcm);
    let power = |frame: &usize| {
        let start = frame * FRAME_SAMPLES;
        frame_power(&pcm[start..pcm.len().min(start + FRAME_SAMPLES)])
    };
    frames.iter().map(power).sum::<f64>() / frames.len().max(1) as f64
}

/// The first sample of the first frame in which somebody speaks; the length of silence.
pub fn speech_start(pcm: &[i16]) -> usize {
    spoken(pcm).first().map_or(pcm.len(), |frame| frame * FRAME_SAMPLES)
}

/// The sample after the last frame in which somebody speaks; 0 for silence.
pub fn speech_end(pcm: &[i16]) -> usize {
    spoken(pcm).last().map_or(0, |frame| pcm.len().min((frame + 1) * FRAME_SAMPLES))
}

/// The frames in which somebody speaks.
fn spoken(pcm: &[i16]) -> Vec<usize> {
    let powers: Vec<f64> = pcm.chunks(FRAME_SAMPLES).map(frame_power).collect();
    let loudest = powers.iter().copied().fold(0.0, f64::max);
    let is_speech = |power: f64| power > 0.0 && power >= loudest * PAUSE_POWER;
    powers.iter().enumerate().filter(|(_, power)| is_speech(**power)).map(|(at, _)| at).collect()
}

fn frame_power(frame: &[i16]) -> f64 {
    let sum: f64 = frame.iter().map(|sample| f64::from(*sample).powi(2)).sum();
    sum / frame.len().max(1) as f64
}

/// White Gaussian noise with a power of about 1.
pub fn white(samples: usize, seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut noise = Vec::with_capacity(samples + 1);
    while noise.len() < samples {
        // Two uniform numbers make two normal ones (Box and Muller 1958); the first is never 0.
        let radius = (-2.0 * (1.0 - random.random::<f64>()).ln()).sqrt();
        let angle = std::f64::consts::TAU * random.random::<f64>();
        noise.extend([radius * angle.cos(), radius * angle.sin()]);
    }
    noise.truncate(samples);
    noise
}

/// Many people at once with a power of 1: recordings that are equally loud, each from somewhere in
/// its middle and again from its start. Silence where there is nobody to be heard.
pub fn babble(samples: usize, voices: &[&[i16]], seed: u64) -> Vec<f64> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut noise = vec![0.0; samples];
    for voice in voices {
        let power = speech_power(voice);
        if power == 0.0 {
            continue;
        }
        let (scale, first) = (power.sqrt().recip(), random.random_range(0..voice.len()));
        let speech = voice.iter().cycle().skip(first);
        for (sum, sample) in noise.iter_mut().zip(speech) {
            *sum += f64::from(*sample) * scale;
        }
    }
    let power = noise.iter().map(|sample| sample * sample).sum::<f64>() / samples.max(1) as f64;
    if power > 0.0 {
        let scale = power.sqrt().recip();
        noise.iter_mut().for_each(|sample| *sample *= scale);
    }
    noise
}

/// Speech with noise of power 1 under it, `snr_db` quieter than the speech. What would not fit 16
/// bits is made quieter as a whole, which leaves the ratio as it is.
pub fn mixed(pcm: &[i16], noise: &[f64], snr_db: f64) -> Vec<i16> {
    let level = (speech_power(pcm) / 10f64.powf(snr_db / 10.0)).sqrt();
    let sum: Vec<f64> =
        pcm.iter().zip(noise).map(|(speech, noise)| f64::from(*speech) + noise * level).collect();
    let loudest = sum.iter().fold(0.0, |loudest: f64, sample| loudest.max(sample.abs()));
    let scale = if loudest > PEAK { PEAK / loudest } else { 1.0 };
    // Within 16 bits by the line above.
    sum.into_iter().map(|sample| (sample * scale).round() as i16).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: usize = 16_000;

    /// A second of tone, a second of silence.
    fn speech() -> Vec<i16> {
        let tone = |index: usize| (8_000.0 * (index as f64 * 0.2).sin()) as i16;
        (0..2 * SECOND).map(|index| if index < SECOND { tone(index) } else { 0 }).collect()
    }

    fn power(samples: impl Iterator<Item = f64>) -> f64 {
        let (sum, count) = samples.fold((0.0, 0), |(sum, count), s| (sum + s * s, count + 1));
        sum / f64::from(count)
    }

    #[test]
    fn mixture_has_the_ratio_asked_for() {
        let speech = speech();
        let voices: [&[i16]; 2] = [&speech, &speech[5_000..]];
        for noise in [white(speech.len(), 7), babble(speech.len(), &voices, 7)] {
            for snr_db in [20.0, 0.0] {
                let mixed = mixed(&speech, &noise, snr_db);
                let added = mixed.iter().zip(&speech).map(|(m, s)| f64::from(*m) - f64::from(*s));
                let found = 10.0 * (speech_power(&speech) / power(added)).log10();
                assert!((found - snr_db).abs() < 0.2, "{found} dB instead of {snr_db} dB");
            }
        }
    }

    #[test]
    fn loud_mixtures_are_scaled_and_not_clipped() {
        let loud: Vec<i16> = speech().iter().map(|sample| sample.saturating_mul(4)).collect();
        let mixed = mixed(&loud, &white(loud.len(), 1), 0.0);
        let at_the_edge = mixed.iter().filter(|sample| sample.unsigned_abs() >= 32_767).count();
        assert_eq!(at_the_edge, 1);
    }

    #[test]
    fn the_same_seed_makes_the_same_noise_and_another_does_not() {
        assert_eq!(white(1_001, 3), white(1_001, 3));
        assert_ne!(white(1_001, 3), white(1_001, 4));
        let speech = speech();
        assert_ne!(babble(SECOND, &[&speech], 3), babble(SECOND, &[&speech], 4));
    }

    #[test]
    fn silence_stays_silence() {
        let silence = [0; 400];
        assert_eq!(speech_power(&silence), 0.0);
        assert_eq!(mixed(&silence, &white(400, 1), 0.0), silence);
        assert_eq!(babble(400, &[&silence], 1), vec![0.0; 400]);
        assert_eq!(mixed(&[], &[], 0.0), Vec::<i16>::new());
    }

    #[test]
    fn speech_lies_between_its_first_and_last_loud_frame() {
        let mut late = vec![0; 640];
        late.extend(speech());
        assert_eq!((speech_start(&late), speech_end(&late)), (640, 640 + SECOND));
        assert_eq!((speech_start(&[0; 400]), speech_start(&[])), (400, 0));
        assert_eq!(speech_end(&[0; 400]), 0);
        assert_eq!(speech_end(&[]), 0);
    }
}
