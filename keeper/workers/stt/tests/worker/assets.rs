//! Models, recordings and made-up sounds.

use std::path::PathBuf;

pub const TINY_EN: &str = "ggml-tiny.en-q8_0.bin";
pub const BASE: &str = "ggml-base-q8_0.bin";
pub const SILERO: &str = "ggml-silero-v6.2.0.bin";

/// Said in jfk.wav.
pub const JFK: &str = "And so my fellow Americans, ask not what your country can do for you, \
                       ask what you can do for your country.";

/// Where `scripts/setup.sh` puts things.
fn cache() -> PathBuf {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    var("HELIOGRAPH_CACHE").unwrap_or_else(|| {
        var("XDG_CACHE_HOME")
            .or_else(|| Some(var("HOME")?.join(".cache")))
            .expect("HOME is set")
            .join("heliograph")
    })
}

fn installed(path: PathBuf) -> PathBuf {
    assert!(path.is_file(), "{} is missing: run scripts/setup.sh", path.display());
    path
}

pub fn model(name: &str) -> PathBuf {
    installed(cache().join("models").join(name))
}

fn audio(name: &str) -> PathBuf {
    installed(cache().join("audio").join(name))
}

/// A recording: 16 kHz mono.
pub fn wav(name: &str) -> Vec<i16> {
    let mut reader = hound::WavReader::open(audio(name)).expect("a WAV file");
    let spec = reader.spec();
    assert_eq!((spec.sample_rate, spec.channels, spec.bits_per_sample), (16_000, 1, 16));
    reader.samples().map(|sample| sample.expect("a sample")).collect()
}

/// What is said in a recording.
pub fn text(name: &str) -> String {
    std::fs::read_to_string(audio(name)).expect("text")
}

/// The recordings of a language with their transcripts.
pub fn manifest(language: &str) -> Vec<(String, String)> {
    let manifest = text("manifest.tsv");
    let rows = manifest.lines().filter_map(|line| {
        let mut columns = line.split('\t');
        let (file, of, text) = (columns.next()?, columns.next()?, columns.next()?);
        (of == language).then(|| (file.to_owned(), text.to_owned()))
    });
    rows.collect()
}

pub fn silence(secs: usize) -> Vec<i16> {
    vec![0; secs * 16_000]
}

pub fn tone(secs: usize) -> Vec<i16> {
    let turn = std::f64::consts::TAU * 440.0 / 16_000.0;
    (0..secs * 16_000).map(|n| ((n as f64 * turn).sin() * 9_000.0) as i16).collect()
}

/// White noise, the same every time.
pub fn noise(secs: usize, amplitude: i16) -> Vec<i16> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 48) as i16
    };
    (0..secs * 16_000).map(|_| ((i32::from(next()) * i32::from(amplitude)) >> 15) as i16).collect()
}

#[allow(dead_code, reason = "for the measurements, which share this file")]
/// Six voices at once: every recording but one, laid end to end, from six places.
pub fn babble(recordings: &[Vec<i16>], without: usize, len: usize) -> Vec<i16> {
    let others = recordings.iter().enumerate().filter(|(index, _)| *index != without);
    let all: Vec<i16> = others.flat_map(|(_, pcm)| pcm).copied().collect();
    let voice = |n: usize, k: usize| i32::from(all[(n + k * all.len() / 6) % all.len()]);
    (0..len).map(|n| ((0..6).map(|k| voice(n, k)).sum::<i32>() / 6) as i16).collect()
}

/// Adds noise to speech, so much weaker over its whole length.
pub fn mix(speech: &mut [i16], noise: &[i16], snr_db: f64) {
    let power = |pcm: &[i16]| {
        let sum: f64 = pcm.iter().map(|sample| f64::from(*sample).powi(2)).sum();
        sum / pcm.len() as f64
    };
    let gain = (power(speech) / power(noise) / 10f64.powf(snr_db / 10.0)).sqrt();
    for (sample, noise) in speech.iter_mut().zip(noise) {
        *sample = (f64::from(*sample) + gain * f64::from(*noise)) as i16;
    }
}

/// Words in lower case without punctuation, joined by spaces.
pub fn words(text: &str) -> String {
    let kept = text.replace('\'', "").to_lowercase();
    let words = kept.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join(" ")
}

/// Word errors over words of the reference; case and punctuation do not count.
pub fn word_error_rate(reference: &str, text: &str) -> f64 {
    let (reference, text) = (words(reference), words(text));
    let reference: Vec<&str> = reference.split_whitespace().collect();
    let text: Vec<&str> = text.split_whitespace().collect();
    let mut row: Vec<usize> = (0..=text.len()).collect();
    for (i, expected) in reference.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, found) in text.iter().enumerate() {
            let substituted = diagonal + usize::from(expected != found);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[text.len()] as f64 / reference.len() as f64
}

#[test]
fn word_errors_are_counted() {
    assert_eq!(word_error_rate("a b c d", "A, b. C d!"), 0.0);
    assert_eq!(word_error_rate("a b c d", "a x c d"), 0.25);
    assert_eq!(word_error_rate("a b c d", "a c d"), 0.25);
    assert_eq!(word_error_rate("a b c d", "a b b c d"), 0.25);
    assert_eq!(word_error_rate("a b c d", ""), 1.0);
}
