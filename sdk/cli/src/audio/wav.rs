//! WAV files, by hound.

use super::{AudioError, SAMPLE_RATE_HZ, ffmpeg, resample, to_i16};
use hound::{SampleFormat, WavReader};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

pub fn read(path: &Path) -> Result<Vec<i16>, AudioError> {
    let damaged = |error: hound::Error| AudioError::Damaged {
        path: path.to_owned(),
        reason: error.to_string(),
    };
    let reader = match WavReader::open(path) {
        // Telephone companding, MPEG in WAV: a container like others.
        Err(hound::Error::Unsupported) => return ffmpeg::read(path),
        reader => reader.map_err(damaged)?,
    };
    let spec = reader.spec();
    if spec.channels == 0 || spec.sample_rate == 0 {
        let reason = "its header names no channel or no sample rate".into();
        return Err(AudioError::Damaged { path: path.to_owned(), reason });
    }
    let mono = mono(reader).map_err(damaged)?;
    if spec.sample_rate == SAMPLE_RATE_HZ {
        return Ok(mono.into_iter().map(to_i16).collect());
    }
    let samples = resample::to_16_khz(&mono, spec.sample_rate).map_err(|reason| {
        AudioError::Rate { path: path.to_owned(), rate_hz: spec.sample_rate, reason }
    })?;
    Ok(samples.into_iter().map(to_i16).collect())
}

/// Samples between -1 and 1, the average of all channels.
fn mono(mut reader: WavReader<BufReader<File>>) -> hound::Result<Vec<f32>> {
    let spec = reader.spec();
    let channels = usize::from(spec.channels);
    let mut mono = Vec::with_capacity(reader.duration() as usize);
    let mut sum = 0.0;
    let mut add = |index: usize, sample: f32| {
        sum += sample;
        if (index + 1).is_multiple_of(channels) {
            mono.push(sum / channels as f32);
            sum = 0.0;
        }
    };
    match spec.sample_format {
        SampleFormat::Float => {
            for (index, sample) in reader.samples::<f32>().enumerate() {
                add(index, sample?);
            }
        }
        SampleFormat::Int => {
            let scale = 2f32.powi(1 - i32::from(spec.bits_per_sample));
            for (index, sample) in reader.samples::<i32>().enumerate() {
                add(index, sample? as f32 * scale);
            }
        }
    }
    Ok(mono)
}
