//! Recordings as the network takes them: 16 kHz, mono, signed 16-bit.
//!
//! WAV is read here. Everything else goes through the `ffmpeg` program where there is one.

mod ffmpeg;
mod resample;
mod wav;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// Samples a second.
pub const SAMPLE_RATE_HZ: u32 = heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;

/// Whisper makes nothing of less; it is also less than any word.
const SAMPLES_MIN: usize = SAMPLE_RATE_HZ as usize / 10;

/// Why a recording cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AudioError {
    /// The file cannot be opened or read.
    #[error("cannot read {path}: {reason}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// There is nothing in the file.
    #[error("{0} is empty")]
    Empty(PathBuf),
    /// It starts as a WAV file and does not go on as one.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Not WAV, and there is no ffmpeg to ask.
    #[error(
        "{0} is not a WAV file; install ffmpeg to read other formats, or convert it: \
         ffmpeg -i INPUT -ar 16000 -ac 1 OUTPUT.wav"
    )]
    NeedsFfmpeg(PathBuf),
    /// ffmpeg finds no audio in it.
    #[error("{path} holds no audio that ffmpeg can read: {reason}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// ffmpeg's last words.
        reason: String,
    },
    /// Less than a tenth of a second.
    #[error("{path} is too short: {ms} ms of audio")]
    TooShort {
        /// The file.
        path: PathBuf,
        /// Its length in milliseconds.
        ms: u64,
    },
    /// The rate cannot be converted.
    #[error("{path} has {rate_hz} samples a second, which cannot be converted: {reason}")]
    Rate {
        /// The file.
        path: PathBuf,
        /// Its rate.
        rate_hz: u32,
        /// Why not.
        reason: String,
    },
}

/// Reads a recording.
pub fn read(path: &Path) -> Result<Vec<i16>, AudioError> {
    let samples = match sniff(path)? {
        Format::Wav => wav::read(path)?,
        Format::Other => ffmpeg::read(path)?,
    };
    if samples.len() < SAMPLES_MIN {
        let ms = samples.len() as u64 * 1_000 / u64::from(SAMPLE_RATE_HZ);
        return Err(AudioError::TooShort { path: path.to_owned(), ms });
    }
    Ok(samples)
}

enum Format {
    Wav,
    Other,
}

/// Looks at the first bytes: names lie.
fn sniff(path: &Path) -> Result<Format, AudioError> {
    let failed = |reason: String| AudioError::Read { path: path.to_owned(), reason };
    let mut head = [0; 12];
    let mut file = File::open(path).map_err(|error| failed(error.to_string()))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(failed("it is a folder".into()));
    }
    match file.read_exact(&mut head) {
        Ok(()) if head.starts_with(b"RIFF") && head.ends_with(b"WAVE") => Ok(Format::Wav),
        Ok(()) => Ok(Format::Other),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            match file.metadata().map(|metadata| metadata.len()) {
                Ok(0) => Err(AudioError::Empty(path.to_owned())),
                _ => {
                    let reason = "it is shorter than any audio file's header".into();
                    Err(AudioError::Damaged { path: path.to_owned(), reason })
                }
            }
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A sample between -1 and 1 as 16 bits.
fn to_i16(sample: f32) -> i16 {
    // Casting saturates, and turns what is not a number into silence.
    (sample * 32_768.0).round() as i16
}

#[cfg(test)]
mod tests;
