//! Recordings as the network takes them: 16 kHz, mono, signed 16-bit.
//!
//! WAV, FLAC, MP3 and Opus are read by `heliograph-audio`. Everything else goes through the `ffmpeg`
//! program where there is one.

mod ffmpeg;

use heliograph_audio::{Audio, AudioError as Unread};
use std::fs::File;
use std::io::BufReader;
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
    /// It starts as a recording and does not go on as one.
    #[error("{path} is damaged: {reason}")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Another format, and there is no ffmpeg to ask.
    #[error(
        "{0} is not a WAV, FLAC, MP3 or Opus file; install ffmpeg to read other formats, or convert \
         it: ffmpeg -i INPUT -ar 16000 -ac 1 OUTPUT.wav"
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
}

/// Reads a recording.
pub fn read(path: &Path) -> Result<Vec<i16>, AudioError> {
    let unread = |reason: String| AudioError::Read { path: path.to_owned(), reason };
    let file = File::open(path).map_err(|error| unread(error.to_string()))?;
    if file.metadata().is_ok_and(|metadata| metadata.is_dir()) {
        return Err(unread("it is a folder".into()));
    }
    let samples = match Audio::open(BufReader::new(file)).and_then(Audio::read_all) {
        Ok(samples) => samples,
        Err(Unread::Unsupported(_)) => ffmpeg::read(path)?,
        Err(Unread::Empty) => return Err(AudioError::Empty(path.to_owned())),
        Err(Unread::Read(error)) => return Err(unread(error.to_string())),
        Err(error) => {
            let reason = error.to_string();
            return Err(AudioError::Damaged { path: path.to_owned(), reason });
        }
    };
    if samples.len() < SAMPLES_MIN {
        let ms = samples.len() as u64 * 1_000 / u64::from(SAMPLE_RATE_HZ);
        return Err(AudioError::TooShort { path: path.to_owned(), ms });
    }
    Ok(samples)
}

#[cfg(test)]
mod tests;
