//! How long people wait: recordings at the pace of speech, as from a microphone.

use super::manifest::Clip;
use super::worker::Worker;
use anyhow::{Result, bail};
use futures_util::SinkExt as _;
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_quality::noise::{speech_end, speech_start};
use heliograph_worker_ipc::{FromWorker, StreamConfig, ToWorker};
use std::time::Duration;
use tokio::time::Instant;

/// What a client sends at a time: 20 ms.
const CHUNK_SAMPLES: usize = TRANSCRIPTION_RATE_HZ as usize / 50;

/// Silence after the recording: what a microphone goes on sending while its owner waits.
const SILENCE_SAMPLES: usize = 2 * TRANSCRIPTION_RATE_HZ as usize;

/// Times of one recording.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Waited {
    /// From sending the last sample of speech to the last text, in ms; none if there was no text.
    pub final_ms: Option<f64>,
    /// From sending the first sample of speech to the first text that may still change.
    pub interim_ms: Option<f64>,
}

/// Plays a clip to the worker in real time.
pub async fn play(worker: &mut Worker, clip: &Clip, config: &StreamConfig) -> Result<Waited> {
    let mut pcm = clip.pcm.to_vec();
    let (first, last) = (speech_start(&pcm), speech_end(&pcm));
    pcm.resize(pcm.len() + SILENCE_SAMPLES, 0);
    let stream = worker.open(config).await?;
    let started = Instant::now();
    let since = |sample: usize| {
        Instant::now().saturating_duration_since(started + at(sample)).as_secs_f64() * 1_000.0
    };
    let mut waited = Waited::default();
    let (mut sent, mut finished) = (0, false);
    loop {
        let next = pcm.len().min(sent + CHUNK_SAMPLES);
        let answer = tokio::select! {
            biased;
            answer = worker.next() => answer?,
            // A chunk can be sent once its last sample was spoken.
            () = tokio::time::sleep_until(started + at(next)), if !finished => {
                if next > sent {
                    let pcm = pcm[sent..next].to_vec();
                    worker.socket.send(ToWorker::Audio { stream, pcm }).await?;
                    sent = next;
                } else {
                    worker.socket.send(ToWorker::Finish { stream }).await?;
                    finished = true;
                }
                continue;
            }
        };
        match answer {
            // The last one counts: a recording may be several sentences.
            FromWorker::Final { .. } => waited.final_ms = Some(since(last)),
            FromWorker::Interim { .. } => {
                waited.interim_ms.get_or_insert_with(|| since(first));
            }
            FromWorker::Finished { .. } => return Ok(waited),
            FromWorker::Failed { reason, .. } => bail!("the worker failed: {reason}"),
            FromWorker::Opened { .. }
            | FromWorker::Ready { .. }
            | FromWorker::Progress { .. }
            | FromWorker::Dropped { .. }
            | FromWorker::Speech { .. } => {}
        }
    }
}

/// When a sample has been spoken, after the start.
fn at(sample: usize) -> Duration {
    Duration::from_secs_f64(sample as f64 / f64::from(TRANSCRIPTION_RATE_HZ))
}
