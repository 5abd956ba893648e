use super::*;
use hound::{SampleFormat, WavSpec, WavWriter};
use std::f64::consts::TAU;

const TONE_HZ: f64 = 440.0;

/// A tone of `secs`, half of full scale, the same on every channel.
fn write_tone(folder: &Path, spec: WavSpec, secs: f64) -> PathBuf {
    let path = folder.join("tone.wav");
    let mut writer = WavWriter::create(&path, spec).unwrap();
    let frames = (secs * f64::from(spec.sample_rate)).round() as u32;
    for frame in 0..frames {
        let phase = TAU * TONE_HZ * f64::from(frame) / f64::from(spec.sample_rate);
        let sample = 0.5 * phase.sin();
        for _ in 0..spec.channels {
            match spec.sample_format {
                SampleFormat::Float => writer.write_sample(sample as f32).unwrap(),
                SampleFormat::Int => {
                    let full = 2f64.powi(i32::from(spec.bits_per_sample) - 1);
                    writer.write_sample((sample * full).round() as i32).unwrap();
                }
            }
        }
    }
    writer.finalize().unwrap();
    path
}

fn spec(sample_rate: u32, channels: u16, bits_per_sample: u16) -> WavSpec {
    let sample_format = SampleFormat::Int;
    WavSpec { channels, sample_rate, bits_per_sample, sample_format }
}

/// Amplitude of a frequency, 1 being full scale.
fn amplitude(samples: &[i16], hz: f64) -> f64 {
    let (mut sine, mut cosine) = (0.0, 0.0);
    for (index, sample) in samples.iter().enumerate() {
        let phase = TAU * hz * index as f64 / f64::from(SAMPLE_RATE_HZ);
        sine += f64::from(*sample) * phase.sin();
        cosine += f64::from(*sample) * phase.cos();
    }
    2.0 * sine.hypot(cosine) / samples.len() as f64 / 32_768.0
}

/// The tone is there in full, at its place in time, and nothing else is.
fn check_tone(samples: &[i16], secs: f64) {
    let expected = (secs * f64::from(SAMPLE_RATE_HZ)).ceil() as usize;
    assert_eq!(samples.len(), expected);
    // Whole periods of both tones, away from the edges.
    let middle = &samples[1_600..samples.len() - 1_600];
    let middle = &middle[..middle.len() / 1_600 * 1_600];
    let found = amplitude(middle, TONE_HZ);
    assert!((found - 0.5).abs() < 0.01, "tone of {found}");
    for hz in [220.0, 880.0, 1_320.0, 3_000.0] {
        let found = amplitude(middle, hz);
        assert!(found < 0.005, "{found} at {hz} Hz");
    }
    // Compared sample by sample, a shift by one sample would be a difference of 0.09.
    for (index, sample) in samples.iter().enumerate().skip(1_600).take(1_000) {
        let phase = TAU * TONE_HZ * index as f64 / f64::from(SAMPLE_RATE_HZ);
        let difference = f64::from(*sample) / 32_768.0 - 0.5 * phase.sin();
        assert!(difference.abs() < 0.02, "sample {index} differs by {difference}");
    }
}

#[test]
fn every_rate_becomes_16_khz_with_the_same_tone_and_length() {
    let folder = tempfile::tempdir().unwrap();
    for rate in [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000] {
        let path = write_tone(folder.path(), spec(rate, 1, 16), 3.0);
        check_tone(&read(&path).unwrap(), 3.0);
    }
}

#[test]
fn clip_shorter_than_a_chunk_is_not_delayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = write_tone(folder.path(), spec(8_000, 1, 16), 0.4);
    check_tone(&read(&path).unwrap(), 0.4);
}

#[test]
fn every_sample_format_is_read_at_the_same_volume() {
    let folder = tempfile::tempdir().unwrap();
    for bits in [8, 16, 24, 32] {
        let path = write_tone(folder.path(), spec(16_000, 1, bits), 1.0);
        check_tone(&read(&path).unwrap(), 1.0);
    }
    let float = WavSpec { sample_format: SampleFormat::Float, ..spec(48_000, 2, 32) };
    let path = write_tone(folder.path(), float, 1.0);
    check_tone(&read(&path).unwrap(), 1.0);
}

#[test]
fn channels_are_averaged() {
    let folder = tempfile::tempdir().unwrap();
    for channels in [2, 6] {
        let path = write_tone(folder.path(), spec(48_000, channels, 16), 1.0);
        check_tone(&read(&path).unwrap(), 1.0);
    }
    // Opposite channels cancel out; one silent channel halves.
    let path = folder.path().join("opposite.wav");
    let mut writer = WavWriter::create(&path, spec(16_000, 2, 16)).unwrap();
    for _ in 0..16_000 {
        writer.write_sample(8_000_i32).unwrap();
        writer.write_sample(-8_000_i32).unwrap();
    }
    writer.finalize().unwrap();
    assert!(read(&path).unwrap().iter().all(|sample| *sample == 0));
}

#[test]
fn useless_files_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let error = |path: &Path| read(path).unwrap_err();

    assert!(matches!(error(&folder.path().join("none.wav")), AudioError::Read { .. }));
    assert!(matches!(error(folder.path()), AudioError::Read { .. }));
    assert!(matches!(error(&file("empty.wav", b"")), AudioError::Empty(_)));
    assert!(matches!(error(&file("stub.wav", b"RIFF")), AudioError::Damaged { .. }));

    let short = write_tone(folder.path(), spec(48_000, 1, 16), 0.05);
    assert!(matches!(error(&short), AudioError::TooShort { ms: 50, .. }));
    let silent = write_tone(folder.path(), spec(16_000, 1, 16), 0.0);
    assert!(matches!(error(&silent), AudioError::TooShort { ms: 0, .. }));

    let whole = std::fs::read(write_tone(folder.path(), spec(16_000, 1, 16), 1.0)).unwrap();
    let cut = file("cut.wav", &whole[..whole.len() / 2]);
    assert!(matches!(error(&cut), AudioError::Damaged { .. }));

    let text = error(&file("text.mp3", b"this is no audio at all, only words"));
    assert!(matches!(text, AudioError::Unreadable { .. } | AudioError::NeedsFfmpeg(_)), "{text}");
}
