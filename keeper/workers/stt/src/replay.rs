//! `heliograph-stt replay`: decodes again what records say was decoded.
//!
//! Jobs come over standard input, answers go to standard output (see
//! [`heliograph_worker_ipc::replay`]). The engines are those that serve streams; nothing is decided
//! here but which of them a record means. A job does not say what its text should be.

use crate::engine::{Engine, Transcript, Window, parameters};
use crate::front::to_float;
use crate::gates;
use crate::noise;
use crate::worker::{WorkerError, check_cpu, load_engine};
use clap::Parser;
use heliograph_worker_ipc::replay::{Answer, Decoded, Job, read, write};
use std::io::{Read, Write};
use std::path::PathBuf;

#[cfg(test)]
mod tests;

/// Decodes segments again, as their records describe them: jobs on standard input, answers on
/// standard output.
///
/// Exit status: 0 no more jobs, 2 failure, 64 wrong usage.
#[derive(Clone, Debug, Parser)]
#[command(name = "heliograph-stt replay", version)]
pub struct Config {
    /// Model that records may name, repeatable; read when the first record does
    #[arg(long, value_name = "PATH", required = true)]
    pub model: Vec<PathBuf>,

    /// Threads per inference; they do not change the text
    #[arg(long, value_name = "N", default_value_t = 2,
          value_parser = clap::value_parser!(u16).range(1..=64))]
    pub threads: u16,
}

/// Answers jobs until there are no more.
///
/// # Errors
/// If a model cannot be read, or the other side breaks off within a job.
pub fn run(
    config: Config,
    mut jobs: impl Read,
    mut answers: impl Write,
) -> Result<(), WorkerError> {
    check_cpu()?;
    let mut models = Models {
        unread: config.model.into_iter().rev().collect(),
        loaded: Vec::new(),
        threads: usize::from(config.threads),
    };
    while let Some(job) = read::<Job>(&mut jobs)? {
        let answer = models.answer(&job)?;
        write(&mut answers, &answer)?;
    }
    Ok(())
}

struct Models {
    /// The next one last.
    unread: Vec<PathBuf>,
    loaded: Vec<Box<dyn Engine>>,
    threads: usize,
}

impl Models {
    fn answer(&mut self, job: &Job) -> Result<Answer, WorkerError> {
        let at = loop {
            let found = self
                .loaded
                .iter()
                .position(|engine| engine.info().model_sha256 == job.model_sha256);
            match (found, self.unread.pop()) {
                (Some(at), next) => {
                    self.unread.extend(next);
                    break at;
                }
                (None, Some(path)) => self.loaded.push(load_engine(&path, None, self.threads)?),
                (None, None) => {
                    let infos = self.loaded.iter().map(|engine| engine.info());
                    let models =
                        infos.map(|info| (info.model_name.clone(), info.model_sha256)).collect();
                    return Ok(Answer::NoModel { models });
                }
            }
        };
        Ok(match decode(self.loaded[at].as_mut(), job) {
            Ok(decoded) => Answer::Decoded(decoded),
            Err(reason) => Answer::Refused { reason },
        })
    }
}

/// Decodes a job's segment with an engine that has its model.
fn decode(engine: &mut dyn Engine, job: &Job) -> Result<Decoded, String> {
    let segment = segment(job)?;
    let samples: Vec<f32> = match value(&job.filters, "noise") {
        None => segment.iter().copied().map(to_float).collect(),
        Some(_) if job.filters.split(';').any(|filter| filter == noise::DESCRIPTION) => {
            noise::suppress(segment)
        }
        // Decoding what the engine did not hear would accuse a node that is right.
        Some(other) => return Err(format!("noise={other} is not known here")),
    };
    let language = match value(&job.parameters, "language_from") {
        Some("audio" | "none") => None,
        Some("request") => Some(job.language.as_str()),
        other => return Err(format!("language_from={} is not known", other.unwrap_or_default())),
    };
    // The window is ours to choose, as for any segment: with one of the record's, a node that heard
    // the first second of twenty would be right. An engine with no such parameter has one window.
    let recorded = value(&job.parameters, "audio_ctx");
    let mut transcript = Err("no window was tried".to_owned());
    for window in [Window::Fitted, Window::Full] {
        transcript =
            engine.transcribe(&samples, language, window).map_err(|error| error.to_string());
        let has_recorded = |transcript: &Transcript| {
            recorded.is_none() || value(&transcript.parameters, "audio_ctx") == recorded
        };
        if transcript.as_ref().map_or(true, has_recorded) {
            break;
        }
    }
    let transcript = transcript?;
    // Another version's gates may have let through what these would not.
    let gates_known = job.filters.ends_with(&gates::description());
    let gate = gates::judge(&transcript).filter(|_| gates_known);
    // How the segment came to this engine is not decided again; the text does not depend on it.
    let routed: Vec<(&str, &str)> = ["route", "route_after"]
        .into_iter()
        .filter_map(|key| Some((key, value(&job.parameters, key)?)))
        .collect();
    let info = engine.info();
    Ok(Decoded {
        engine: info.engine.to_owned(),
        engine_version: info.engine_version.clone(),
        model: info.model_name.clone(),
        language: transcript.language.to_owned(),
        parameters: parameters::with(&transcript.parameters, &routed),
        text: transcript.text,
        gate: gate.map(|gate| gate.name().to_owned()),
    })
}

/// The segment's samples.
fn segment(job: &Job) -> Result<&[i16], String> {
    let at = |position: u64| {
        let index = position.checked_sub(job.pcm_start_sample)?;
        usize::try_from(index).ok().filter(|index| *index <= job.pcm.len())
    };
    match (at(job.start_sample), at(job.end_sample)) {
        (Some(start), Some(end)) if start < end => Ok(&job.pcm[start..end]),
        _ => Err("the audio does not cover the segment".to_owned()),
    }
}

/// The value of a key in a record's parameters.
fn value<'a>(parameters: &'a str, key: &str) -> Option<&'a str> {
    parameters
        .split(';')
        .find_map(|pair| pair.split_once('=').filter(|(name, _)| *name == key))
        .map(|(_, value)| value)
}
