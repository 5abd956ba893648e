//! Encoding by the `ffmpeg` program: speech to Opus, and a moving test picture to VP8 or H.264.

use super::ivf::{self, Video};
use super::{annexb, ogg};
use crate::{Codec, Error};
use bytes::Bytes;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, Stdio};

/// Opus packets of 20 ms of an audio file, mono.
pub fn opus(path: &Path, bits_per_sec: u32) -> Result<Vec<Bytes>, Error> {
    // Opened by path with the protocol named, so that no file name is taken for an option or URL.
    let mut input = OsString::from("file:");
    input.push(path);
    let file = run(&[
        "-i".into(),
        input,
        "-map".into(),
        "0:a:0".into(),
        "-ac".into(),
        "1".into(),
        "-ar".into(),
        "48000".into(),
        "-c:a".into(),
        "libopus".into(),
        "-application".into(),
        "voip".into(),
        "-b:a".into(),
        bits_per_sec.to_string().into(),
        "-frame_duration".into(),
        "20".into(),
        "-f".into(),
        "ogg".into(),
        "pipe:1".into(),
    ])?;
    ogg::packets(&file)
}

/// A picture to be encoded.
#[derive(Clone, Copy, Debug)]
pub struct Picture {
    /// How.
    pub codec: Codec,
    /// Pixels, even.
    pub width: u16,
    /// Pixels, even.
    pub height: u16,
    /// Frames a second.
    pub fps: u16,
    /// Seconds.
    pub secs: u16,
    /// Bits a second that the encoder aims at.
    pub bits_per_sec: u32,
    /// Frames from a key frame to the next.
    pub key_frame_every: u16,
}

/// A moving test picture.
pub fn test_picture(picture: &Picture) -> Result<Video, Error> {
    let Picture { width, height, fps, secs, .. } = picture;
    let encoder = match picture.codec {
        Codec::Vp8 => ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"],
        Codec::H264 => ["-c:v", "libx264", "-profile:v", "baseline", "-preset", "ultrafast"],
    };
    let mut arguments: Vec<OsString> = vec![
        "-f".into(),
        "lavfi".into(),
        "-i".into(),
        format!("testsrc2=size={width}x{height}:rate={fps}:duration={secs}").into(),
    ];
    arguments.extend(encoder.map(OsString::from));
    let rate = picture.bits_per_sec.to_string();
    let key_frame_every = picture.key_frame_every.to_string();
    for argument in
        ["-pix_fmt", "yuv420p", "-b:v", &rate, "-maxrate", &rate, "-bufsize", &rate, "-g"]
    {
        arguments.push(argument.into());
    }
    arguments.push(key_frame_every.into());
    match picture.codec {
        Codec::Vp8 => {
            arguments.extend(["-f", "ivf", "pipe:1"].map(OsString::from));
            ivf::read(&run(&arguments)?)
        }
        Codec::H264 => {
            let delimited = ["-x264-params", "aud=1", "-f", "h264", "pipe:1"];
            arguments.extend(delimited.map(OsString::from));
            let frames = annexb::frames(&run(&arguments)?, *fps)?;
            Ok(Video { codec: Codec::H264, width: *width, height: *height, frames })
        }
    }
}

/// What `ffmpeg` writes to its output.
fn run(arguments: &[OsString]) -> Result<Vec<u8>, Error> {
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Error::Source(format!("ffmpeg does not start: {error}")))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let reason = words.trim().lines().last().unwrap_or("no reason given");
        return Err(Error::Source(format!("ffmpeg: {reason}")));
    }
    Ok(output.stdout)
}
