//! Files of every format give the same tone; damaged and hostile ones give errors.

use heliograph_audio::{Audio, AudioError, SAMPLE_RATE_HZ};
use hound::{SampleFormat, WavSpec, WavWriter};
use proptest::prelude::*;
use std::f64::consts::TAU;
use std::io::Cursor;

const TONE_HZ: f64 = 440.0;
const FLAC: &[u8] = include_bytes!("data/tone.flac");
const MP3: &[u8] = include_bytes!("data/tone.mp3");
const OPUS: &[u8] = include_bytes!("data/tone.opus");
const OPUS_STEREO: &[u8] = include_bytes!("data/stereo.ogg");
const VORBIS: &[u8] = include_bytes!("data/vorbis.ogg");

fn open(bytes: &[u8]) -> Result<Audio, AudioError> {
    Audio::open(Cursor::new(bytes.to_vec()))
}

fn read(bytes: &[u8]) -> Result<Vec<i16>, AudioError> {
    open(bytes)?.read_all()
}

fn spec(sample_rate: u32, channels: u16, bits_per_sample: u16) -> WavSpec {
    WavSpec { channels, sample_rate, bits_per_sample, sample_format: SampleFormat::Int }
}

/// A tone of `secs`, half of full scale, the same on every channel.
fn wav(spec: WavSpec, secs: f64) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).unwrap();
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
    bytes.into_inner()
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

/// The tone is there, and nothing else is.
fn check_tone(samples: &[i16], expected: f64) {
    // Whole periods, away from the edges.
    let middle = &samples[1_600..samples.len() - 1_600];
    let middle = &middle[..middle.len() / 1_600 * 1_600];
    let found = amplitude(middle, TONE_HZ);
    assert!((found - expected).abs() < 0.05 * expected, "tone of {found}");
    for hz in [220.0, 880.0, 1_320.0, 3_000.0] {
        let found = amplitude(middle, hz);
        assert!(found < 0.01 * expected, "{found} at {hz} Hz");
    }
}

#[test]
fn every_rate_becomes_16_khz_with_the_same_tone_length_and_place() {
    for rate in [4_000, 8_000, 11_025, 16_000, 22_050, 44_100, 44_101, 48_000, 96_000, 192_000] {
        let samples = read(&wav(spec(rate, 1, 16), 1.5)).unwrap();
        let frames = (1.5 * f64::from(rate)).round() as usize;
        assert_eq!(samples.len(), (frames * 16_000).div_ceil(rate as usize), "{rate} Hz");
        check_tone(&samples, 0.5);
        // Compared sample by sample: a shift by one sample would be a difference of 0.09.
        for (index, sample) in samples.iter().enumerate().skip(1_600).take(1_000) {
            let phase = TAU * TONE_HZ * index as f64 / f64::from(SAMPLE_RATE_HZ);
            let difference = f64::from(*sample) / 32_768.0 - 0.5 * phase.sin();
            assert!(difference.abs() < 0.02, "{rate} Hz: sample {index} differs by {difference}");
        }
    }
}

#[test]
fn clip_shorter_than_a_chunk_is_whole_and_not_delayed() {
    let samples = read(&wav(spec(8_000, 1, 16), 0.4)).unwrap();
    assert_eq!(samples.len(), 6_400);
    check_tone(&samples, 0.5);
}

#[test]
fn every_sample_format_and_number_of_channels_has_the_same_volume() {
    for bits in [8, 16, 24, 32] {
        check_tone(&read(&wav(spec(16_000, 1, bits), 1.0)).unwrap(), 0.5);
    }
    let float = WavSpec { sample_format: SampleFormat::Float, ..spec(48_000, 2, 32) };
    check_tone(&read(&wav(float, 1.0)).unwrap(), 0.5);
    for channels in [2, 6, 32] {
        check_tone(&read(&wav(spec(48_000, channels, 16), 1.0)).unwrap(), 0.5);
    }
}

#[test]
fn compressed_formats_give_the_tone_they_hold() {
    // An eighth of full scale and 4 dB, as they were made; in stereo each side has half the power.
    let mono = 0.125 * 10f64.powf(4.0 / 20.0);
    let stereo = mono * std::f64::consts::FRAC_1_SQRT_2;
    for (name, bytes, format, expected) in [
        ("FLAC", FLAC, "flac", stereo),
        // ffmpeg decodes it to this amplitude too.
        ("MP3", MP3, "mp3", 0.133_06),
        ("Opus", OPUS, "ogg", mono),
        ("Opus in stereo", OPUS_STEREO, "ogg", stereo),
    ] {
        assert_eq!(open(bytes).unwrap().format(), format, "{name}");
        let samples = read(bytes).unwrap();
        check_tone(&samples, expected);
        let off = samples.len().abs_diff(24_000);
        assert!(off <= 1_152, "{name}: {} samples of 24,000", samples.len());
        if name != "MP3" {
            assert!(off <= 1, "{name}: {} samples of 24,000", samples.len());
        }
    }
}

#[test]
fn blocks_are_small_and_counting_stops_early() {
    let minutes = wav(spec(8_000, 1, 8), 300.0);
    let mut audio = open(&minutes).unwrap();
    let mut total = 0;
    while let Some(block) = audio.next_block().unwrap() {
        assert!(block.len() <= 8 * 16_000, "{} samples in a block", block.len());
        total += block.len();
    }
    assert_eq!(total, 300 * 16_000);
    let counted = open(&minutes).unwrap().count(16_000).unwrap();
    assert!((16_001..300 * 16_000).contains(&counted), "{counted}");
    assert_eq!(open(&minutes).unwrap().count(u64::MAX).unwrap(), 300 * 16_000);
}

#[test]
fn what_is_not_read_is_said_with_what_is() {
    for bytes in
        [VORBIS, b"this is no audio at all, only words", b"\0\0\0", &[0x1a, 0x45, 0xdf, 0xa3]]
    {
        let error = read(bytes).unwrap_err();
        assert!(matches!(error, AudioError::Unsupported(_)), "{error}");
        assert!(error.to_string().contains("wav, flac, mp3, ogg (Opus)"), "{error}");
    }
    assert!(matches!(read(b"").unwrap_err(), AudioError::Empty));
}

#[test]
fn damaged_files_are_errors() {
    let whole = wav(spec(16_000, 1, 16), 1.0);
    for cut in [1, 20, 40, whole.len() / 2] {
        assert!(read(&whole[..cut]).is_err(), "WAV of {cut} bytes");
    }
    for (name, bytes) in [("FLAC", FLAC), ("Opus", OPUS)] {
        assert!(read(&bytes[..bytes.len() / 2]).is_err(), "half a {name}");
        assert!(read(&bytes[..30]).is_err(), "the beginning of {name}");
    }
    for (at, value) in [(22, 0), (24, 0), (24, 0xff)] {
        let mut bad = whole.clone();
        // No channel; no rate or one of 16 million Hz.
        bad[at..at + 2].fill(value);
        if value == 0xff {
            bad[at + 2] = 0xff;
        }
        assert!(read(&bad).is_err(), "{value} at {at}");
    }
}

#[test]
fn sizes_that_headers_declare_are_not_believed() {
    let mut huge = wav(spec(16_000, 2, 16), 0.5);
    huge[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
    let data = huge.windows(4).position(|four| four == b"data").unwrap();
    huge[data + 4..data + 8].copy_from_slice(&(u32::MAX - 3).to_le_bytes());
    assert!(read(&huge).is_err(), "there are not 4 GiB");
    let mut flac = FLAC.to_vec();
    // The number of samples in STREAMINFO, and the size of the block after it.
    flac[21..26].fill(0xff);
    let _ = read(&flac);
    flac[43..46].fill(0xff);
    assert!(read(&flac).is_err());
}

#[test]
fn floats_that_are_no_numbers_are_silence() {
    let float = WavSpec { sample_format: SampleFormat::Float, ..spec(48_000, 1, 32) };
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, float).unwrap();
    for index in 0..48_000 {
        let sample = match index % 4 {
            0 => f32::NAN,
            1 => f32::INFINITY,
            2 => f32::NEG_INFINITY,
            _ => f32::MAX,
        };
        writer.write_sample(sample).unwrap();
    }
    writer.finalize().unwrap();
    let samples = read(&bytes.into_inner()).unwrap();
    assert_eq!(samples.len(), 16_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Random bytes behind any beginning are read to an end, and never to more than they can hold.
    #[test]
    fn random_files_end(
        head in prop_oneof![
            Just(&b""[..]), Just(&b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\x01\0\x80\xbb\0\0"[..]),
            Just(&FLAC[..60]), Just(&MP3[..200]), Just(&OPUS[..100]), Just(OPUS),
        ],
        tail in proptest::collection::vec(any::<u8>(), 0..4_000),
    ) {
        let bytes = [head, &tail].concat();
        if let Ok(samples) = read(&bytes) {
            prop_assert!(samples.len() < 100 * 16_000, "{} samples", samples.len());
        }
    }

    /// A few bytes of a good file changed: an error or audio, never a panic.
    #[test]
    fn altered_files_end(
        which in 0usize..4,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = [FLAC, MP3, OPUS, OPUS_STEREO][which].to_vec();
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let _ = read(&bytes);
    }
}
