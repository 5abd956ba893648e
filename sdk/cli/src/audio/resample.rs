//! Any sample rate to 16 kHz, by rubato.

use super::SAMPLE_RATE_HZ;
use audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};

/// Frames the resampler works on at a time, at least. Longer is sharper at the band's edge and no slower.
const CHUNK_FRAMES: usize = 4_096;

/// Resamples one channel. The result is as long as the input, to the sample, and not delayed.
pub fn to_16_khz(mono: &[f32], rate_hz: u32) -> Result<Vec<f32>, String> {
    let (from, to) = (rate_hz as usize, SAMPLE_RATE_HZ as usize);
    // An even number of smallest chunks: the delay, half a chunk, is then whole samples.
    let step = 2 * from / gcd(from, to);
    let chunk_frames = CHUNK_FRAMES.div_ceil(step) * step;
    let mut resampler = Fft::<f32>::new(from, to, chunk_frames, 1, 1, FixedSync::Both)
        .map_err(|error| error.to_string())?;
    // The resampler trims its delay only off clips of more than one chunk.
    let mut input = mono.to_vec();
    input.resize(mono.len() + 2 * resampler.input_frames_max(), 0.0);
    let mut output = vec![0.0; resampler.process_all_needed_output_len(input.len())];
    let output_len = output.len();
    let source = SequentialSlice::new(&input, 1, input.len()).map_err(|e| e.to_string())?;
    let mut sink =
        SequentialSlice::new_mut(&mut output, 1, output_len).map_err(|e| e.to_string())?;
    resampler
        .process_all_into_buffer(&source, &mut sink, input.len(), None)
        .map_err(|error| error.to_string())?;
    output.truncate((mono.len() * to).div_ceil(from));
    Ok(output)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}
