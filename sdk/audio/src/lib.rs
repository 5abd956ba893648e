//! Recordings as the network takes them: 16 kHz, mono, signed 16-bit, a block at a time.
//!
//! | format | what of it | by |
//! |---|---|---|
//! | WAV | PCM of 8 to 32 bits, 32-bit floats | hound |
//! | FLAC | all | claxon |
//! | MP3 | MPEG layers I to III | nanomp3 |
//! | Ogg | Opus, mono or stereo | ogg, libopus |
//!
//! Any rate from 4 to 768 kHz, any number of channels, which are averaged. The format is found by
//! looking at the file: names lie. Files come from strangers: memory is bounded by the block, not by
//! what a header says, and whatever is wrong is an error.

mod error;
mod flac;
mod mp3;
mod opus;
mod resample;
mod wav;

pub use error::AudioError;

use resample::Resample;
use std::io::{ErrorKind, Read, Seek, SeekFrom};

/// Samples a second of what comes out.
pub const SAMPLE_RATE_HZ: u32 = 16_000;
/// The formats that are read, for people.
pub const FORMATS: [&str; 4] = ["wav", "flac", "mp3", "ogg (Opus)"];
/// Lowest rate that is converted; below it no speech is left.
const RATE_HZ_MIN: u32 = 4_000;
/// Highest rate that is converted, twice what any recorder makes.
const RATE_HZ_MAX: u32 = 768_000;
/// Bytes that tell most formats apart.
const MAGIC_BYTES: usize = 12;
/// Bytes in which an MP3 file without tags shows its frames.
const SNIFF_BYTES: u64 = 16 * 1024;

/// What a file is read from.
pub trait Media: Read + Seek + Send {}

impl<T: Read + Seek + Send> Media for T {}

/// Decoded audio of one file: one channel, at the file's own rate.
trait Source: Send {
    /// Samples a second.
    fn rate_hz(&self) -> u32;

    /// Adds the next samples, between -1 and 1; `false` when there are no more.
    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError>;
}

/// A recording that is being read.
pub struct Audio {
    source: Box<dyn Source>,
    /// Absent if the file has the rate that is wanted.
    resample: Option<Resample>,
    format: &'static str,
    mono: Vec<f32>,
    is_over: bool,
}

impl std::fmt::Debug for Audio {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Audio").field("format", &self.format).finish_non_exhaustive()
    }
}

impl Audio {
    /// Looks at a file and opens it.
    pub fn open(mut media: impl Media + 'static) -> Result<Self, AudioError> {
        let mut magic = [0; MAGIC_BYTES];
        let read = fill(&mut media, &mut magic)?;
        media.rewind()?;
        let magic = &magic[..read];
        let (format, source): (_, Box<dyn Source>) = if magic.starts_with(b"RIFF") {
            ("wav", Box::new(wav::Wav::open(media)?))
        } else if magic.starts_with(b"fLaC") {
            ("flac", Box::new(flac::Flac::open(media)?))
        } else if magic.starts_with(b"OggS") {
            ("ogg", Box::new(opus::Opus::open(media)?))
        } else if magic.is_empty() {
            return Err(AudioError::Empty);
        } else {
            let mut head = Vec::new();
            media.by_ref().take(SNIFF_BYTES).read_to_end(&mut head)?;
            if !nanomp3::detect(&head) {
                return Err(AudioError::Unsupported("the file is none of these".into()));
            }
            media.seek(SeekFrom::Start(0))?;
            ("mp3", Box::new(mp3::Mp3::open(media)?))
        };
        let rate_hz = source.rate_hz();
        if !(RATE_HZ_MIN..=RATE_HZ_MAX).contains(&rate_hz) {
            let why = format!("its rate is {rate_hz} Hz, outside {RATE_HZ_MIN} to {RATE_HZ_MAX}");
            return Err(AudioError::Damaged(why));
        }
        let resample = (rate_hz != SAMPLE_RATE_HZ).then(|| Resample::new(rate_hz)).transpose()?;
        Ok(Self { source, resample, format, mono: Vec::new(), is_over: false })
    }

    /// The file's format: `wav`, `flac`, `mp3` or `ogg`.
    pub const fn format(&self) -> &'static str {
        self.format
    }

    /// The next samples, at most a few seconds; `None` when there are no more.
    pub fn next_block(&mut self) -> Result<Option<Vec<i16>>, AudioError> {
        while !self.is_over {
            self.mono.clear();
            self.is_over = !self.source.read(&mut self.mono)?;
            let samples = match &mut self.resample {
                None => self.mono.as_slice(),
                Some(resample) => resample.push(&self.mono, self.is_over)?,
            };
            if !samples.is_empty() {
                return Ok(Some(samples.iter().copied().map(to_i16).collect()));
            }
        }
        Ok(None)
    }

    /// Everything that is left, in one.
    pub fn read_all(mut self) -> Result<Vec<i16>, AudioError> {
        let mut all = Vec::new();
        while let Some(block) = self.next_block()? {
            all.extend(block);
        }
        Ok(all)
    }

    /// Samples that are left; counts no further than it takes to see that there are more than `most`.
    pub fn count(mut self, most: u64) -> Result<u64, AudioError> {
        let mut samples = 0;
        while samples <= most
            && let Some(block) = self.next_block()?
        {
            samples += block.len() as u64;
        }
        Ok(samples)
    }
}

/// Reads until the buffer is full or the file ends.
fn fill(media: &mut impl Read, buffer: &mut [u8]) -> Result<usize, AudioError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match media.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(filled)
}

/// Averages interleaved samples of `channels` channels; what is no number is silence.
fn mix(interleaved: &[f32], channels: usize, mono: &mut Vec<f32>) {
    let finite = |sample: &f32| if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
    let frames = interleaved.chunks_exact(channels);
    mono.extend(frames.map(|frame| frame.iter().map(finite).sum::<f32>() / channels as f32));
}

/// A sample between -1 and 1 as 16 bits.
fn to_i16(sample: f32) -> i16 {
    // Casting saturates.
    (sample * 32_768.0).round() as i16
}
