//! Real media, encoded once for all tests.

use bytes::Bytes;
use heliograph_call::source::ffmpeg::{self, Picture};
use heliograph_call::source::ivf::Video;
use heliograph_call::{Codec, Layer, VideoOptions};
use std::path::PathBuf;
use std::sync::LazyLock;

/// Width, height and bits a second of the layers of [`camera`].
pub const LAYERS: [(u16, u16, u32); 3] =
    [(160, 90, 100_000), (320, 180, 250_000), (640, 360, 700_000)];

/// Eleven seconds of speech in packets of 20 ms.
pub static SPEECH: LazyLock<Vec<Bytes>> = LazyLock::new(|| {
    let packets = ffmpeg::opus(&recording("jfk.wav"), 24_000).unwrap();
    assert!(packets.len() > 500, "{} packets", packets.len());
    packets
});

/// The same as samples: 16 kHz, mono.
pub fn speech_pcm() -> Vec<i16> {
    let mut reader = hound::WavReader::open(recording("jfk.wav")).unwrap();
    reader.samples::<i16>().map(Result::unwrap).collect()
}

/// Four seconds of a test picture in three sizes.
pub static PICTURES: LazyLock<Vec<Video>> = LazyLock::new(|| {
    LAYERS
        .map(|(width, height, bits_per_sec)| picture(Codec::Vp8, width, height, bits_per_sec))
        .into()
});

pub fn picture(codec: Codec, width: u16, height: u16, bits_per_sec: u32) -> Video {
    let picture =
        Picture { codec, width, height, fps: 20, secs: 4, bits_per_sec, key_frame_every: 40 };
    ffmpeg::test_picture(&picture).unwrap()
}

/// The pictures as a published track.
pub fn camera() -> VideoOptions {
    let layers = LAYERS.map(|(width, height, bits_per_sec)| Layer {
        width: width.into(),
        height: height.into(),
        bits_per_sec,
    });
    VideoOptions::camera(Codec::Vp8, layers.into())
}

fn recording(name: &str) -> PathBuf {
    let var = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = var("HELIOGRAPH_CACHE").unwrap_or_else(|| {
        let cache = var("XDG_CACHE_HOME").or_else(|| Some(var("HOME")?.join(".cache")));
        cache.expect("HOME is set").join("heliograph")
    });
    let path = cache.join("audio").join(name);
    assert!(path.is_file(), "{} is missing: run scripts/setup.sh", path.display());
    path
}
