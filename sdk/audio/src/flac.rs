//! FLAC files, by claxon.

use super::{AudioError, Media, Source, mix};
use claxon::{FlacReader, FlacReaderOptions};

pub struct Flac {
    reader: FlacReader<Box<dyn Media>>,
    /// Given to each block and taken back: one allocation a file.
    block: Vec<i32>,
    interleaved: Vec<f32>,
    scale: f32,
}

impl Flac {
    pub fn open(media: impl Media + 'static) -> Result<Self, AudioError> {
        let media: Box<dyn Media> = Box::new(media);
        let options = FlacReaderOptions { metadata_only: false, read_vorbis_comment: false };
        let reader = FlacReader::new_ext(media, options).map_err(failed)?;
        let info = reader.streaminfo();
        if info.channels == 0 || !(4..=32).contains(&info.bits_per_sample) {
            return Err(AudioError::Damaged(
                "its header names no channel or no sample size".into(),
            ));
        }
        let scale = 2f32.powi(1 - info.bits_per_sample as i32);
        Ok(Self { reader, block: Vec::new(), interleaved: Vec::new(), scale })
    }
}

impl Source for Flac {
    fn rate_hz(&self) -> u32 {
        self.reader.streaminfo().sample_rate
    }

    fn read(&mut self, mono: &mut Vec<f32>) -> Result<bool, AudioError> {
        let buffer = std::mem::take(&mut self.block);
        let Some(block) = self.reader.blocks().read_next_or_eof(buffer).map_err(failed)? else {
            return Ok(false);
        };
        let channels = block.channels();
        self.interleaved.clear();
        for frame in 0..block.duration() {
            let frame = (0..channels).map(|channel| block.sample(channel, frame));
            self.interleaved.extend(frame.map(|sample| sample as f32 * self.scale));
        }
        mix(&self.interleaved, channels as usize, mono);
        self.block = block.into_buffer();
        Ok(true)
    }
}

fn failed(error: claxon::Error) -> AudioError {
    match error {
        claxon::Error::IoError(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            AudioError::Read(error)
        }
        claxon::Error::Unsupported(what) => AudioError::Unsupported(what.into()),
        error => AudioError::Damaged(error.to_string()),
    }
}
