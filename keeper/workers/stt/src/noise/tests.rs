use super::*;
use std::f32::consts::TAU;

fn sine(hz: f32, samples: usize) -> Vec<f32> {
    (0..samples).map(|n| 0.3 * (n as f32 * TAU * hz / 16_000.0).sin()).collect()
}

/// Reproducible white noise in ±`amplitude`.
fn hiss(samples: usize, amplitude: f32) -> Vec<f32> {
    let mut state = 1u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / (1 << 23) as f32 - 1.0
    };
    (0..samples).map(|_| amplitude * next()).collect()
}

fn power(samples: &[f32]) -> f32 {
    samples.iter().map(|sample| sample * sample).sum::<f32>() / samples.len() as f32
}

/// Up and down again, without what lies between.
fn there_and_back(samples: &[f32]) -> Vec<f32> {
    let (mut up, mut down) = (Up::default(), Down::default());
    samples.iter().map(|sample| down.push(&up.push(*sample))).collect()
}

#[test]
fn resampling_keeps_what_is_below_7_khz_where_it_was() {
    for hz in [100.0, 1_000.0, 3_500.0, 6_900.0] {
        let tone = sine(hz, 4_000);
        let back = there_and_back(&tone);
        let late = &back[resample::DELAY_SAMPLES..][500..3_000];
        let error: Vec<f32> = late.iter().zip(&tone[500..]).map(|(a, b)| a - b).collect();
        let error_db = 10.0 * (power(&error) / power(&tone)).log10();
        assert!(error_db < -60.0, "{hz} Hz: {error_db} dB");
    }
}

#[test]
fn cut_changes_nothing_and_as_much_comes_out_as_went_in() {
    let audio = [hiss(5_000, 0.05), sine(440.0, 5_001)].concat();
    let whole = Suppressor::default().push(&audio);
    assert_eq!(whole.len(), audio.len());
    for cut in [1, 37, 160, 512, 4_096] {
        let mut suppressor = Suppressor::default();
        let parts: Vec<f32> = audio.chunks(cut).flat_map(|part| suppressor.push(part)).collect();
        assert_eq!(parts, whole, "pieces of {cut}");
    }
}

/// The stated delay is the true one: moved by it, a voice-like sound lies on itself best.
#[test]
fn delay_is_what_it_is_said_to_be() {
    // A pulse every 8 ms through the ear of a vowel, fading in and out four times a second.
    let voice: Vec<f32> = (0..32_000)
        .map(|n| {
            let since_pulse = (n % 128) as f32;
            let swell = (n as f32 * TAU * 4.0 / 16_000.0).sin().max(0.0);
            0.5 * swell * (-since_pulse / 20.0).exp() * (since_pulse * TAU * 700.0 / 16_000.0).cos()
        })
        .collect();
    let out = Suppressor::default().push(&voice);
    let likeness = |delay: usize| -> f32 {
        out[16_000..].iter().zip(&voice[16_000 - delay..]).map(|(a, b)| a * b).sum()
    };
    let best = (DELAY_SAMPLES - 60..=DELAY_SAMPLES + 60)
        .max_by(|a, b| likeness(*a).total_cmp(&likeness(*b)))
        .unwrap();
    assert!(best.abs_diff(DELAY_SAMPLES) <= 1, "{best} is not {DELAY_SAMPLES}");
}

#[test]
fn hiss_loses_nine_tenths_of_its_power_from_the_first_sample_on() {
    let pcm: Vec<i16> = hiss(48_000, 0.05).iter().map(|sample| (sample * SCALE) as i16).collect();
    let raw: Vec<f32> = pcm.iter().copied().map(to_float).collect();
    let clean = suppress(&pcm);
    assert_eq!(clean.len(), pcm.len());
    for (part, (clean, raw)) in clean.chunks(8_000).zip(raw.chunks(8_000)).enumerate() {
        assert!(power(clean) < 0.1 * power(raw), "half second {part}");
    }
}

#[test]
fn odd_lengths_and_levels_are_taken() {
    for len in [0, 1, 159, 160, 161, LEAD_SAMPLES - 1, LEAD_SAMPLES + 1] {
        for level in [0, 1, i16::MIN, i16::MAX] {
            let clean = suppress(&vec![level; len]);
            assert_eq!(clean.len(), len);
            assert!(clean.iter().all(|sample| sample.is_finite()), "{len} of {level}");
        }
    }
}

#[test]
fn description_states_the_lead() {
    assert!(DESCRIPTION.ends_with(&format!("lead={LEAD_SAMPLES}")));
}
