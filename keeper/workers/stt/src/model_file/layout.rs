//! The structure of whisper.cpp's two file formats, walked without building anything.
//!
//! Follows `whisper_model_load` and `whisper_vad_init_with_params` in whisper.cpp 1.8.3, with the
//! checks that those leave out.

use std::collections::HashSet;

/// First four bytes of both formats: `ggml`.
const MAGIC: u32 = 0x6767_6d6c;

/// Bins of the 400-sample spectrum that the mel filters weigh.
const FFT_BINS: u32 = 201;

/// Longest vocabulary entry believed; the real ones stay under 128 bytes.
const WORD_BYTES_MAX: u32 = 1024;

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LayoutError {
    /// The file ends too early.
    #[error("it ends at byte {at}, inside {inside}")]
    Ends {
        /// Length of the file.
        at: usize,
        /// What was being read.
        inside: String,
    },
    /// A value that no model has.
    #[error("{what} is {value}")]
    Implausible {
        /// Which value.
        what: String,
        /// What it is.
        value: i64,
    },
    /// Whole, but not all of a model.
    #[error("it has {found} tensors instead of {expected}")]
    TensorCount {
        /// Tensors in the file.
        found: usize,
        /// Tensors in such a model.
        expected: usize,
    },
}

/// What a Whisper file says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WhisperLayout {
    /// Tokens, special ones included.
    pub vocabulary: u32,
    /// Encoder positions: 50 per second of audio.
    pub audio_context: u32,
    /// Decoder positions.
    pub text_context: u32,
}

/// What a Silero file says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SileroLayout {
    /// Version of the model, such as 6.2.0.
    pub version: [u32; 3],
    /// Samples per probability.
    pub window_samples: u32,
}

impl WhisperLayout {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LayoutError> {
        let mut reader = Reader { bytes, at: 0 };
        let (layout, tensors_expected) = whisper_header(&mut reader)?;
        reader.tensors(tensors_expected)?;
        Ok(layout)
    }

    /// Languages the model tells apart; an English-only model has one.
    pub fn languages(&self) -> u32 {
        // From whisper.cpp's `num_languages`: what is left of the vocabulary after the text tokens,
        // the timestamps and the seven task tokens.
        const OTHERS: u32 = 51_765;
        if self.multilingual() { self.vocabulary - OTHERS - 1 } else { 1 }
    }

    /// Whether the model has language tokens.
    pub fn multilingual(&self) -> bool {
        self.vocabulary >= 51_865
    }
}

fn whisper_header(reader: &mut Reader<'_>) -> Result<(WhisperLayout, usize), LayoutError> {
    reader.magic()?;
    // 51 864: English only; 51 865: 99 languages; 51 866: 100 languages.
    let vocabulary = reader.field("the vocabulary size", |v| (51_864..=51_866).contains(&v))?;
    let audio_context = reader.field("the audio context", |v| (1..=1500).contains(&v))?;
    let audio_state = reader.field("the audio width", |v| (1..=8192).contains(&v))?;
    reader.field("the number of audio heads", |v| v > 0 && audio_state.is_multiple_of(v))?;
    // Any other depth makes whisper.cpp look up a model name that it does not have, and abort.
    let audio_layers =
        reader.field("the number of audio layers", |v| [4, 6, 12, 24, 32].contains(&v))?;
    let text_context = reader.field("the text context", |v| (8..=4096).contains(&v))?;
    let text_state = reader.field("the text width", |v| v == audio_state)?;
    reader.field("the number of text heads", |v| v > 0 && text_state.is_multiple_of(v))?;
    let text_layers = reader.field("the number of text layers", |v| (1..=64).contains(&v))?;
    let mels = reader.field("the number of mel bands", |v| v == 80 || v == 128)?;
    // Quantisation version × 1000 + type.
    reader.field("the weight type", |v| {
        [0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14].contains(&(v % 1000))
    })?;

    reader.field("the number of mel bands in the filters", |v| v == mels)?;
    reader.field("the number of spectrum bins", |v| v == FFT_BINS)?;
    reader.skip(u64::from(mels * FFT_BINS) * 4, || "the mel filters".into())?;

    let words = reader.field("the number of words", |v| (1..=vocabulary).contains(&v))?;
    for _ in 0..words {
        let len = reader.field("the length of a word", |v| v <= WORD_BYTES_MAX)?;
        reader.skip(u64::from(len), || "the vocabulary".into())?;
    }

    // Encoder and decoder outside the layers 7 + 4, then 15 and 24 per layer.
    let tensors = 11 + 15 * audio_layers as usize + 24 * text_layers as usize;
    Ok((WhisperLayout { vocabulary, audio_context, text_context }, tensors))
}

impl SileroLayout {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, LayoutError> {
        let mut reader = Reader { bytes, at: 0 };
        reader.magic()?;
        let name_len = reader.field("the length of the model's name", |v| (1..=64).contains(&v))?;
        reader.skip(u64::from(name_len), || "the model's name".into())?;
        let mut version = [0; 3];
        for part in &mut version {
            *part = reader.field("the model's version", |v| v < 1000)?;
        }
        let window_samples = reader.field("the window", |v| (64..=4096).contains(&v))?;
        reader.field("the context", |v| v <= 4096)?;
        // The loader builds exactly four, whatever the file says.
        let layers = reader.field("the number of layers", |v| v == 4)?;
        for _ in 0..layers * 3 {
            reader.field("a layer's shape", |v| (1..=4096).contains(&v))?;
        }
        for _ in 0..4 {
            reader.field("the output's shape", |v| (1..=4096).contains(&v))?;
        }
        // The spectrum, two per layer, four of the recurrent layer, two of the output.
        reader.tensors(1 + 2 * layers as usize + 4 + 2)?;
        Ok(Self { version, window_samples })
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn ends(&self, inside: String) -> LayoutError {
        LayoutError::Ends { at: self.bytes.len(), inside }
    }

    fn u32(&mut self, what: impl FnOnce() -> String) -> Result<u32, LayoutError> {
        let Some(value) = self.bytes.get(self.at..).and_then(|rest| rest.first_chunk::<4>()) else {
            return Err(self.ends(what()));
        };
        self.at += 4;
        Ok(u32::from_le_bytes(*value))
    }

    fn field(&mut self, what: &str, plausible: impl Fn(u32) -> bool) -> Result<u32, LayoutError> {
        let value = self.u32(|| what.to_owned())?;
        if plausible(value) {
            return Ok(value);
        }
        Err(LayoutError::Implausible {
            what: what.to_owned(),
            value: i64::from(value.cast_signed()),
        })
    }

    fn magic(&mut self) -> Result<(), LayoutError> {
        self.field("the first word, which should be 'ggml',", |v| v == MAGIC).map(drop)
    }

    fn skip(&mut self, len: u64, what: impl FnOnce() -> String) -> Result<(), LayoutError> {
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        match end {
            Some(end) if end <= self.bytes.len() => {
                self.at = end;
                Ok(())
            }
            _ => Err(self.ends(what())),
        }
    }

    /// Walks tensors to the exact end of the file. The loader ignores a ragged end, so a file cut
    /// inside the last header would pass there.
    fn tensors(&mut self, expected: usize) -> Result<(), LayoutError> {
        let mut names = HashSet::new();
        while self.at < self.bytes.len() {
            let ordinal = names.len() + 1;
            let inside = || format!("the header of tensor {ordinal} of {expected}");
            let dimensions = self.u32(inside)?;
            let name_len = self.u32(inside)?;
            let kind = self.u32(inside)?;
            let implausible = |what: &str, value: u32| {
                let what = format!("{what} of tensor {ordinal}");
                Err(LayoutError::Implausible { what, value: i64::from(value.cast_signed()) })
            };
            // None is a single value.
            if dimensions > 4 {
                return implausible("the number of dimensions", dimensions);
            }
            if !(1..=256).contains(&name_len) {
                return implausible("the name's length", name_len);
            }
            let Some((block_values, block_bytes)) = block(kind) else {
                return implausible("the weight type", kind);
            };
            let mut values: u64 = 1;
            for _ in 0..dimensions {
                let extent = self.u32(inside)?;
                // The loader multiplies in 32 bits.
                match values.checked_mul(u64::from(extent)) {
                    Some(product) if (1..=i32::MAX as u64).contains(&product) => values = product,
                    _ => return implausible("a dimension", extent),
                }
            }
            let name_at = self.at;
            self.skip(u64::from(name_len), inside)?;
            let name = String::from_utf8_lossy(&self.bytes[name_at..self.at]).into_owned();
            self.skip(values / block_values * block_bytes, || format!("tensor '{name}'"))?;
            names.insert(name);
        }
        if names.len() == expected {
            Ok(())
        } else {
            Err(LayoutError::TensorCount { found: names.len(), expected })
        }
    }
}

/// Values and bytes per block of ggml's weight types that these files may use.
fn block(kind: u32) -> Option<(u64, u64)> {
    Some(match kind {
        0 => (1, 4),      // f32
        1 => (1, 2),      // f16
        2 => (32, 18),    // q4_0
        3 => (32, 20),    // q4_1
        6 => (32, 22),    // q5_0
        7 => (32, 24),    // q5_1
        8 => (32, 34),    // q8_0
        10 => (256, 84),  // q2_K
        11 => (256, 110), // q3_K
        12 => (256, 144), // q4_K
        13 => (256, 176), // q5_K
        14 => (256, 210), // q6_K
        _ => return None,
    })
}
