//! A segment on its way to the engine that decodes it, and to the next one if that fails.

use super::Transcriber;
use crate::SAMPLE_RATE_HZ;
use crate::engine::{EngineError, Transcript, Window, parameters};
use crate::gates;
use crate::router::{Basis, Route, hasten};
use heliograph_worker_ipc::Gate;
use std::time::{Duration, Instant};

#[cfg(test)]
mod tests;

/// A text said with less than this mean log probability (e^−0.4 = 0.67 per token) may be in another
/// language than was believed.
const DOUBT: f32 = -0.4;

/// Shorter segments may well be a word and a breath.
const SPARSE_SECS_MIN: usize = 8;

/// Weight of the newest measurement of an engine's computing time.
const COST_WEIGHT: f64 = 0.2;

/// A decoded segment.
pub(super) struct Decoding {
    /// Who decoded it.
    pub engine: usize,
    /// What it said.
    pub transcript: Transcript,
    /// The gate that objects, if any.
    pub verdict: Option<Gate>,
    /// Who should have, and why it did not, for the record.
    passed_over: Vec<String>,
}

impl Transcriber {
    /// Decodes and judges samples in −1..1. `waited` is the time since the last of them came.
    pub(super) fn decode(
        &mut self,
        samples: &[f32],
        route: &mut Route,
        waited: Duration,
    ) -> Result<Decoding, EngineError> {
        let mut basis = self.listen(samples, route, false)?;
        let mut decoding = self.attempt(samples, route, waited)?;
        if basis == Basis::Believed && decoding.is_doubtful() {
            basis = self.listen(samples, route, true)?;
            let candidates = self.router.candidates(route, route.likely_language());
            if candidates.first() != Some(&decoding.engine) {
                decoding = self.attempt(samples, route, waited)?;
            }
        }
        if self.engines.len() > 1 {
            decoding.note(basis);
        }
        Ok(decoding)
    }

    /// Settles what the segment's language is decided by, and has it heard if need be.
    fn listen(
        &mut self,
        samples: &[f32],
        route: &mut Route,
        again: bool,
    ) -> Result<Basis, EngineError> {
        if let Some(basis) = route.basis(again) {
            if basis == Basis::Believed {
                route.pass();
            }
            return Ok(basis);
        }
        // The only one is told nothing and needs not be asked twice.
        if self.engines.len() == 1 {
            return Ok(Basis::Heard);
        }
        for ear in self.router.ears() {
            match self.engines[ear].hear(samples, Window::Fitted) {
                Ok(Some(posterior)) => {
                    route.hear(ear, &posterior);
                    return Ok(Basis::Heard);
                }
                Ok(None) => {}
                Err(error) if error.is_retryable() => {
                    let engine = self.engines[ear].info().engine;
                    tracing::warn!(engine, %error, "listening failed");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Basis::Unheard)
    }

    /// Has the segment decoded by the first candidate that can.
    fn attempt(
        &mut self,
        samples: &[f32],
        route: &Route,
        waited: Duration,
    ) -> Result<Decoding, EngineError> {
        let mut candidates = self.router.candidates(route, route.likely_language());
        let mut passed_over = Vec::new();
        if let Some(first) = candidates.first().copied()
            && route.is_late(waited)
            && hasten(&mut candidates, &self.costs)
        {
            passed_over.push(format!("{}:slow", self.engines[first].info().engine));
        }
        let mut failure = EngineError::NoEngine;
        for engine in candidates {
            match self.run(engine, samples, route.language_for(engine)) {
                Ok((transcript, verdict)) => {
                    return Ok(Decoding { engine, transcript, verdict, passed_over });
                }
                Err(error) if error.is_retryable() => {
                    let name = self.engines[engine].info().engine;
                    tracing::warn!(engine = name, %error, "engine failed");
                    passed_over.push(format!("{name}:failed"));
                    failure = error;
                }
                Err(error) => return Err(error),
            }
        }
        Err(failure)
    }

    /// One engine's go, timed.
    fn run(
        &mut self,
        engine: usize,
        samples: &[f32],
        language: Option<&'static str>,
    ) -> Result<(Transcript, Option<Gate>), EngineError> {
        let started = Instant::now();
        let decoder = &mut self.engines[engine];
        let mut transcript = decoder.transcribe(samples, language, Window::Fitted)?;
        let mut verdict = gates::judge(&transcript);
        // A short window is the usual cause of a loop, and of a text that ends before the speech: so
        // the model gets its whole one, once.
        let loops = verdict == Some(Gate::Repetition);
        let is_cut = verdict.is_none() && is_sparse(&transcript, samples.len());
        if (loops || is_cut) && !transcript.full_window {
            let whole = decoder.transcribe(samples, language, Window::Full)?;
            let judged = gates::judge(&whole);
            if loops || (judged.is_none() && whole.tokens > transcript.tokens) {
                (transcript, verdict) = (whole, judged);
            }
        }
        let audio_secs = samples.len().max(1) as f64 / f64::from(SAMPLE_RATE_HZ);
        let cost = started.elapsed().as_secs_f64() / audio_secs;
        let before = self.costs[engine].unwrap_or(cost);
        self.costs[engine] = Some(before + (cost - before) * COST_WEIGHT);
        Ok((transcript, verdict))
    }
}

/// Whether a text is so short for its audio that it may have ended too early. People say two to four
/// words a second, and pauses long enough to matter are not in a segment.
fn is_sparse(transcript: &Transcript, samples: usize) -> bool {
    let secs = samples / SAMPLE_RATE_HZ as usize;
    secs >= SPARSE_SECS_MIN && transcript.tokens < secs
}

impl Decoding {
    fn is_doubtful(&self) -> bool {
        // A NaN is no conviction.
        let log_probability = self.transcript.average_log_probability;
        self.verdict.is_some() || log_probability.is_nan() || log_probability < DOUBT
    }

    /// Notes in the parameters how the segment came to its engine.
    fn note(&mut self, basis: Basis) {
        let passed_over = self.passed_over.join(",");
        let mut pairs = vec![("route", basis.name())];
        if !passed_over.is_empty() {
            pairs.push(("route_after", passed_over.as_str()));
        }
        self.transcript.parameters = parameters::with(&self.transcript.parameters, &pairs);
    }
}
