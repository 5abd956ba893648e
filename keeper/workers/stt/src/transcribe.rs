//! From a segment's samples to its text and record, or to the gate that withheld it.

use crate::engine::{Engine, EngineError, EngineInfo, Transcript, Window};
use crate::front::{Settings, to_float};
use crate::gates;
use crate::noise;
use crate::router::{Refusal, Route, Router};
use crate::segment::{self, Span};
use heliograph_protocol::hash::Hash;
use heliograph_protocol::record::{self, Record};
use heliograph_worker_ipc::{Gate, Segment, StreamConfig};
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

mod preview;
#[cfg(test)]
mod tests;

pub use preview::Preview;

/// What became of a segment.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// To be sent.
    Text(Box<Segment>),
    /// Withheld. The transcript is for the log of a developer, at trace level only: what people
    /// said does not belong in logs.
    Withheld(Gate, Box<Transcript>),
}

/// Engines with a router before and the gates behind them.
pub struct Transcriber {
    /// In the order in which they are preferred; the router counts by it.
    engines: Vec<Box<dyn Engine>>,
    router: Router,
    /// Describes what runs before the segments, for the records.
    voice_activity: String,
}

impl std::fmt::Debug for Transcriber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Transcriber").field("router", &self.router).finish_non_exhaustive()
    }
}

impl Transcriber {
    /// `engines` in the order in which they are preferred; `voice_activity` describes what runs
    /// before, for the records.
    pub fn new(engines: Vec<Box<dyn Engine>>, voice_activity: &str) -> Self {
        let router = Router::new(engines.iter().map(|engine| engine.info().clone()).collect());
        Self { engines, router, voice_activity: voice_activity.to_owned() }
    }

    /// The engines' models in their order.
    pub fn models(&self) -> impl Iterator<Item = &EngineInfo> {
        self.engines.iter().map(|engine| engine.info())
    }

    /// What decides between them.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// Resolves what a stream asks for; see [`Router::admit`].
    ///
    /// # Errors
    /// See [`Refusal`].
    pub fn admit(
        &self,
        config: &StreamConfig,
        default_language: Option<&str>,
    ) -> Result<Route, Refusal> {
        self.router.admit(config, default_language)
    }

    /// What a segment passes through besides the engine, in order, for its record.
    fn filters(&self, settings: &Settings) -> String {
        let segments = segment::description(settings.end_silence_samples);
        let gates = gates::description();
        let noise = settings.suppresses_noise.then_some(noise::DESCRIPTION);
        let filters = noise.into_iter().chain([&*self.voice_activity, &segments, &gates]);
        filters.collect::<Vec<_>>().join(";")
    }

    /// Decodes and judges a segment of a stream, which is listened to by `settings`. `received` is
    /// when its last sample came.
    ///
    /// # Errors
    /// If the engine fails.
    pub fn transcribe(
        &mut self,
        pcm: &[i16],
        span: Span,
        route: &mut Route,
        settings: &Settings,
        received: Instant,
    ) -> Result<Outcome, EngineError> {
        let language = route.language();
        let filters = self.filters(settings);
        let Some(index) = self.router.candidates(route, language).into_iter().next() else {
            return Err(EngineError::NoEngine);
        };
        let engine = &mut self.engines[index];
        let started_at_unix_ms = unix_ms();
        let samples = samples(pcm, settings);
        let mut transcript = engine.transcribe(&samples, language, Window::Fitted)?;
        let mut verdict = gates::judge(&transcript);
        if verdict == Some(Gate::Repetition) && !transcript.full_window {
            // A short window is the usual cause of a loop, so the model gets its whole one, once.
            transcript = engine.transcribe(&samples, language, Window::Full)?;
            verdict = gates::judge(&transcript);
        }
        if let Some(gate) = verdict {
            return Ok(Outcome::Withheld(gate, Box::new(transcript)));
        }
        let info = engine.info();
        let record = Record {
            engine: info.engine.to_owned(),
            engine_version: info.engine_version.clone(),
            model_sha256: info.model_sha256,
            language: transcript.language.to_owned(),
            parameters: transcript.parameters,
            filters,
            audio_sha256: audio_sha256(pcm),
            audio_start_sample: span.start,
            audio_end_sample: span.end,
            text_sha256: record::text_sha256(&transcript.text),
            started_at_unix_ms,
            finished_at_unix_ms: unix_ms(),
        };
        Ok(Outcome::Text(Box::new(Segment {
            text: transcript.text,
            start_sample: span.start,
            end_sample: span.end,
            confidence_ppm: confidence_ppm(transcript.average_log_probability),
            language: transcript.language.to_owned(),
            latency_ms: millis(received.elapsed()),
            record,
        })))
    }
}

impl Outcome {
    /// Decoded ahead of its time, it comes into force now: what says when, says so.
    pub fn publish(&mut self, received: Instant) {
        if let Self::Text(segment) = self {
            segment.latency_ms = millis(received.elapsed());
            segment.record.finished_at_unix_ms = unix_ms();
        }
    }
}

/// What the engine hears of a segment.
fn samples(pcm: &[i16], settings: &Settings) -> Vec<f32> {
    if settings.suppresses_noise {
        noise::suppress(pcm)
    } else {
        pcm.iter().copied().map(to_float).collect()
    }
}

/// SHA-256 of samples as signed 16-bit little-endian.
pub fn audio_sha256(pcm: &[i16]) -> Hash {
    let bytes: Vec<u8> = pcm.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    Sha256::digest(&bytes).into()
}

/// Geometric mean of the tokens' probabilities, rounded down.
fn confidence_ppm(average_log_probability: f32) -> u32 {
    (f64::from(average_log_probability).exp() * 1e6).clamp(0.0, 1e6) as u32
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
