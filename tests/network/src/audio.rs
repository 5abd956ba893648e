use crate::{cache, installed};
use bytes::Bytes;
use heliograph_call::source::ffmpeg;

/// Samples of a recording that set-up has installed: 16 kHz, mono.
fn read(name: &str) -> Vec<i16> {
    let path = installed(cache().join("audio").join(name), "scripts/setup.sh");
    let mut reader = hound::WavReader::open(&path).expect("a wav file");
    let spec = reader.spec();
    assert_eq!((spec.sample_rate, spec.channels), (16_000, 1), "{}", path.display());
    reader.samples::<i16>().map(|sample| sample.expect("whole file")).collect()
}

/// More than two minutes read aloud.
pub fn demo_speech() -> Vec<i16> {
    let speech = read("demo.wav");
    assert!(speech.len() > 2 * 60 * 16_000, "demo.wav is shorter than two minutes");
    speech
}

/// Eleven seconds.
pub fn jfk_speech() -> Vec<i16> {
    read("jfk.wav")
}

/// The same as Opus packets of 20 ms.
pub fn jfk_packets() -> Vec<Bytes> {
    let path = installed(cache().join("audio").join("jfk.wav"), "scripts/setup.sh");
    ffmpeg::opus(&path, 32_000).expect("ffmpeg encodes")
}
