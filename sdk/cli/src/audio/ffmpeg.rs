//! Everything that is not WAV, by the `ffmpeg` program.

use super::{AudioError, SAMPLE_RATE_HZ};
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

pub fn read(path: &Path) -> Result<Vec<i16>, AudioError> {
    // Opened by path with the protocol named, so that no file name is taken for an option or URL.
    let mut input = std::ffi::OsString::from("file:");
    input.push(path);
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-hide_banner", "-loglevel", "error", "-i"])
        .arg(input)
        .args(["-map", "0:a:0", "-ac", "1", "-ar", &SAMPLE_RATE_HZ.to_string()])
        .args(["-f", "s16le", "-acodec", "pcm_s16le", "pipe:1"])
        .stdin(Stdio::null())
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(AudioError::NeedsFfmpeg(path.to_owned()));
        }
        Err(error) => {
            let reason = format!("ffmpeg does not start: {error}");
            return Err(AudioError::Read { path: path.to_owned(), reason });
        }
    };
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        let reason = words.trim().lines().last().unwrap_or("no reason given").to_owned();
        return Err(AudioError::Unreadable { path: path.to_owned(), reason });
    }
    let (samples, _) = output.stdout.as_chunks::<2>();
    Ok(samples.iter().map(|bytes| i16::from_le_bytes(*bytes)).collect())
}
