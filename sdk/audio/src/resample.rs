//! Any sample rate to 16 kHz, by rubato, a block at a time.

use super::{AudioError, SAMPLE_RATE_HZ};
use audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Frames the resampler works on at a time, at least. Longer is sharper at the band's edge and no
/// slower.
const CHUNK_FRAMES: usize = 4_096;

/// Longest block, for rates that have little in common with 16 kHz: what it takes grows with it, and
/// a file of a few bytes could ask for a rate of 767,999 Hz.
const STEP_FRAMES_MAX: usize = 1 << 18;

/// One channel on its way. What comes out is as long as what went in, to the sample, and not
/// delayed.
pub struct Resample {
    resampler: Fft<f32>,
    from: u64,
    to: u64,
    chunk: usize,
    /// What waits for a whole chunk.
    input: Vec<f32>,
    output: Vec<f32>,
    chunk_output: Vec<f32>,
    taken: u64,
    given: u64,
    /// Samples of delay that are still to be thrown away.
    delay: usize,
}

impl Resample {
    pub fn new(rate_hz: u32) -> Result<Self, AudioError> {
        let (from, to) = (rate_hz as usize, SAMPLE_RATE_HZ as usize);
        // An even number of smallest chunks: the delay, half a chunk, is then whole samples.
        let step = 2 * from / gcd(from, to);
        if step > STEP_FRAMES_MAX {
            return Err(AudioError::Damaged(format!(
                "no recording has {rate_hz} samples a second"
            )));
        }
        let chunk = CHUNK_FRAMES.div_ceil(step) * step;
        let resampler = Fft::<f32>::new(from, to, chunk, 1, 1, FixedSync::Both)
            .map_err(|error| AudioError::Damaged(error.to_string()))?;
        Ok(Self {
            chunk: resampler.input_frames_next(),
            chunk_output: vec![0.0; resampler.output_frames_max()],
            delay: resampler.output_delay(),
            resampler,
            from: from as u64,
            to: to as u64,
            input: Vec::new(),
            output: Vec::new(),
            taken: 0,
            given: 0,
        })
    }

    /// Takes samples and gives those that are ready; at the end all of them.
    pub fn push(&mut self, mono: &[f32], is_last: bool) -> Result<&[f32], AudioError> {
        self.output.clear();
        self.input.extend_from_slice(mono);
        self.taken += mono.len() as u64;
        let mut at = 0;
        while self.input.len() - at >= self.chunk {
            self.run(at)?;
            at += self.chunk;
        }
        self.input.drain(..at);
        if is_last {
            let length = (self.taken * self.to).div_ceil(self.from);
            while self.given + (self.output.len() as u64) < length {
                self.input.resize(self.chunk, 0.0);
                self.run(0)?;
                self.input.clear();
            }
            let left = usize::try_from(length - self.given).unwrap_or(usize::MAX);
            self.output.truncate(left);
        }
        self.given += self.output.len() as u64;
        Ok(&self.output)
    }

    /// Converts the chunk that begins at `at`.
    fn run(&mut self, at: usize) -> Result<(), AudioError> {
        let failed = |error: String| AudioError::Damaged(error);
        let input = &self.input[at..at + self.chunk];
        let source = SequentialSlice::new(input, 1, input.len())
            .map_err(|error| failed(error.to_string()))?;
        let room = self.chunk_output.len();
        let mut sink = SequentialSlice::new_mut(&mut self.chunk_output, 1, room)
            .map_err(|error| failed(error.to_string()))?;
        let (_, made) = self
            .resampler
            .process_into_buffer(&source, &mut sink, None)
            .map_err(|error| failed(error.to_string()))?;
        let late = self.delay.min(made);
        self.delay -= late;
        self.output.extend_from_slice(&self.chunk_output[late..made]);
        Ok(())
    }
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
