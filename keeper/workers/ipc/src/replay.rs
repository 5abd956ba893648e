//! Decoding again what a record says was decoded: between whoever checks a record and a speech
//! worker that was started for it (`heliograph-stt replay`), over its standard input and output.
//!
//! A job holds what decided the text and not the text, nor its hash: the worker cannot say what it
//! is expected to say. Jobs and answers alternate. Each is four bytes of length, little-endian, and
//! so many of Borsh; the worker ends when its input does.

use borsh::{BorshDeserialize, BorshSerialize};
use heliograph_protocol::hash::Hash;
use std::io::{self, ErrorKind, Read, Write};

/// Most bytes of a job or answer: two minutes of audio.
pub const MAX_BYTES: u32 = 4 << 20;

/// Audio before the segment that a job should bring where there is some, in samples: filters that
/// look back find there what they found when the record was made. 10 s.
pub const CONTEXT_SAMPLES: u64 = 10 * crate::SAMPLE_RATE_HZ as u64;

/// A segment to decode, as its record describes it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Job {
    /// The record's model.
    pub model_sha256: Hash,
    /// The record's language.
    pub language: String,
    /// The record's decoding parameters.
    pub parameters: String,
    /// The record's filters.
    pub filters: String,
    /// Position in the session of the first sample of `pcm`.
    pub pcm_start_sample: u64,
    /// The session's audio, up to the segment's end.
    pub pcm: Vec<i16>,
    /// First sample of the segment.
    pub start_sample: u64,
    /// Sample after the last one.
    pub end_sample: u64,
}

/// What came of a job.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum Answer {
    /// The segment was decoded.
    Decoded(Decoded),
    /// None of the worker's models has that hash.
    NoModel {
        /// Name and hash of each that it has.
        models: Vec<(String, Hash)>,
    },
    /// The worker cannot do what the record says was done.
    Refused {
        /// For people.
        reason: String,
    },
}

/// A segment, decoded again.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Decoded {
    /// Engine, such as `whisper.cpp`.
    pub engine: String,
    /// Version of the engine's library.
    pub engine_version: String,
    /// File or folder name of the model.
    pub model: String,
    /// Language decoded.
    pub language: String,
    /// What decided the decoding, as in a record.
    pub parameters: String,
    /// The text.
    pub text: String,
    /// Name of the gate that withholds the text, if one does; none if the record's gates are not
    /// this worker's.
    pub gate: Option<String>,
}

/// Writes one job or answer.
///
/// # Errors
/// Those of the writer, and [`ErrorKind::InvalidInput`] for more than [`MAX_BYTES`].
pub fn write(to: &mut impl Write, message: &impl BorshSerialize) -> io::Result<()> {
    let bytes = borsh::to_vec(message)?;
    let len = u32::try_from(bytes.len()).ok().filter(|len| *len <= MAX_BYTES);
    let len = len.ok_or_else(|| io::Error::new(ErrorKind::InvalidInput, "it is too long"))?;
    to.write_all(&len.to_le_bytes())?;
    to.write_all(&bytes)?;
    to.flush()
}

/// Reads one job or answer; `None` if there is no more.
///
/// # Errors
/// Those of the reader, and [`ErrorKind::InvalidData`] for what is none.
pub fn read<M: BorshDeserialize>(from: &mut impl Read) -> io::Result<Option<M>> {
    let mut len = [0; 4];
    match from.read_exact(&mut len) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    let len = u32::from_le_bytes(len);
    if len > MAX_BYTES {
        return Err(io::Error::new(ErrorKind::InvalidData, format!("{len} bytes announced")));
    }
    let mut bytes = vec![0; len as usize];
    from.read_exact(&mut bytes)?;
    borsh::from_slice(&bytes).map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job() -> Job {
        Job {
            model_sha256: [3; 32],
            language: "en".into(),
            parameters: "audio_ctx=512".into(),
            filters: String::new(),
            pcm_start_sample: 5,
            pcm: vec![-1, 2, 3],
            start_sample: 6,
            end_sample: 8,
        }
    }

    #[test]
    fn what_was_written_is_read_until_there_is_no_more() {
        let mut bytes = Vec::new();
        write(&mut bytes, &job()).unwrap();
        write(&mut bytes, &job()).unwrap();
        let mut from = bytes.as_slice();
        assert_eq!(read(&mut from).unwrap(), Some(job()));
        assert_eq!(read(&mut from).unwrap(), Some(job()));
        assert_eq!(read::<Job>(&mut from).unwrap(), None);
    }

    #[test]
    fn damage_is_an_error_and_no_allocation() {
        let mut bytes = Vec::new();
        write(&mut bytes, &job()).unwrap();
        bytes.pop();
        let cut = read::<Job>(&mut bytes.as_slice()).unwrap_err();
        assert_eq!(cut.kind(), ErrorKind::UnexpectedEof);
        let huge = read::<Job>(&mut [0xff; 4].as_slice()).unwrap_err();
        assert_eq!(huge.kind(), ErrorKind::InvalidData);
        let long = Job { pcm: vec![0; MAX_BYTES as usize / 2], ..job() };
        let refused = write(&mut Vec::new(), &long).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
    }
}
