//! MP3 files, by nanomp3.

use super::{AudioError, Media, Source, mix};
use nanomp3::{Channels, Reader};
use std::io::BufReader;

/// Samples read at a time, of all channels.
const BLOCK_SAMPLES: usize = 32_768;

pub struct Mp3 {
    reader: Reader<BufReader<Box<dyn Media>>, f32>,
    interleaved: Vec<f32>,
}

impl Mp3 {
    pub fn open(media: impl Media + 'static) -> Result<Self, AudioError> {
        let media: Box<dyn Media> = Box::new(media);
        let reader = Reader::new(BufReader::new(media)).map_err(failed)?;
        if reader.channels().is_none() {
            return Err(AudioError::Damaged("there is no frame of audio in it".into()));
        }
        Ok(Self { reader, interleaved: vec![0.0; BLOCK_SAMPLES] })
    }
}

impl Source for Mp3 {
    fn rate_hz(&self) -> u32 {
        self.reader.sample_rate()
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        let read = self.reader.read(&mut self.interleaved).map_err(failed)?;
        let channels = match self.reader.channels() {
            Some(Channels::Stereo) => 2,
            _ => 1,
        };
        mix(&self.interleaved[..read], channels, mono);
        Ok(read > 0)
    }
}

fn failed(error: nanomp3::Error) -> AudioError {
    match error {
        nanomp3::Error::Io(error) => AudioError::Read(error),
        error => AudioError::Damaged(error.to_string()),
    }
}
