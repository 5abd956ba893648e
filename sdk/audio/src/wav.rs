//! WAV files, by hound.

use super::{AudioError, Media, Source, mix};
use hound::{SampleFormat, WavReader};
use std::io::BufReader;

/// Samples read at a time, of all channels.
const BLOCK_SAMPLES: usize = 48_000;

pub struct Wav {
    reader: WavReader<BufReader<Box<dyn Media>>>,
    interleaved: Vec<f32>,
}

impl Wav {
    pub fn open(media: impl Media + 'static) -> Result<Self, AudioError> {
        let media: Box<dyn Media> = Box::new(media);
        let reader = WavReader::new(BufReader::new(media)).map_err(failed)?;
        if reader.spec().channels == 0 {
            return Err(AudioError::Damaged("its header names no channel".into()));
        }
        Ok(Self { reader, interleaved: Vec::new() })
    }
}

impl Source for Wav {
    fn rate_hz(&self) -> u32 {
        self.reader.spec().sample_rate
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        let spec = self.reader.spec();
        let channels = usize::from(spec.channels);
        // Whole frames, and at least one.
        let count = (BLOCK_SAMPLES / channels).max(1) * channels;
        self.interleaved.clear();
        match spec.sample_format {
            SampleFormat::Float => {
                for sample in self.reader.samples::<f32>().take(count) {
                    self.interleaved.push(sample.map_err(failed)?);
                }
            }
            SampleFormat::Int => {
                let scale = 2f32.powi(1 - i32::from(spec.bits_per_sample));
                for sample in self.reader.samples::<i32>().take(count) {
                    self.interleaved.push(sample.map_err(failed)? as f32 * scale);
                }
            }
        }
        mix(&self.interleaved, channels, mono);
        Ok(self.interleaved.len() == count)
    }
}

fn failed(error: hound::Error) -> AudioError {
    match error {
        // Telephone companding, MPEG in WAV: a container like others.
        hound::Error::Unsupported => {
            AudioError::Unsupported("a WAV file of another kind than PCM or floats".into())
        }
        error => AudioError::Damaged(error.to_string()),
    }
}
