//! Speed of the speech worker alone: its own process, over its own socket.

use super::statistics::Summary;
use crate::audio;
use crate::progress::Spinner;
use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use heliograph_worker_ipc::{
    FromWorker, MAX_AUDIO_SAMPLES, NodeCodec, StreamConfig, ToWorker, VERSION,
};
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio_util::codec::Framed;

/// Loading a model from a cold disk takes most of it.
const READY_LIMIT: Duration = Duration::from_secs(180);

/// A worker reports every 2 s of audio, so this is room for one that is thirty times too slow.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);

/// Passes over the recording; the model is loaded before the first.
pub const RUNS: u64 = 3;

/// What is needed to run a worker.
#[derive(Clone, Debug)]
pub struct Setup {
    pub worker: PathBuf,
    pub model: PathBuf,
    pub vad_model: PathBuf,
    pub audio: PathBuf,
}

/// The result.
#[derive(Clone, Debug, Serialize)]
pub struct Speech {
    pub engine: String,
    pub model: String,
    pub audio_secs: f64,
    /// Seconds of work per second of audio: below 1 is faster than speech.
    pub real_time_factor: Summary,
    /// Segments with text in the last run: a worker that hears nothing is fast, too.
    pub segments: usize,
}

type Socket = Framed<UnixStream, NodeCodec>;

/// Starts a worker and passes the recording through it.
pub async fn run(setup: &Setup) -> Result<Speech> {
    let spinner = Spinner::new("loading the speech model");
    let pcm = audio::read(&setup.audio)?;
    let audio_secs = pcm.len() as f64 / f64::from(audio::SAMPLE_RATE_HZ);
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("stt.sock");
    let mut worker = start(setup, &path)?;
    let mut socket = connect(&mut worker, &path).await?;
    let Some(ready) = socket.next().await.transpose()? else { bail!("the worker hung up") };
    let FromWorker::Ready { version, models, window_samples, .. } = ready else {
        bail!("the worker did not say what it is");
    };
    if version != VERSION {
        bail!("the worker speaks version {version}, this program {VERSION}");
    }
    let model = models.into_iter().next().context("the worker has no model")?;
    let mut factors = Vec::new();
    let mut segments = 0;
    for run in 0..RUNS {
        spinner.say(format!("transcribing {audio_secs:.0} s, run {} of {RUNS}", run + 1));
        let started = Instant::now();
        segments = pass(&mut socket, run, &pcm, window_samples).await?;
        factors.push(started.elapsed().as_secs_f64() / audio_secs);
    }
    if segments == 0 {
        bail!("the worker heard nobody speak in {}", setup.audio.display());
    }
    worker.kill().await?;
    Ok(Speech {
        engine: format!("{} {}", model.engine, model.engine_version),
        model: model.name,
        audio_secs,
        real_time_factor: Summary::of(factors).context("no run")?,
        segments,
    })
}

fn start(setup: &Setup, socket: &Path) -> Result<Child> {
    Command::new(&setup.worker)
        .arg("--socket")
        .arg(socket)
        .arg("--model")
        .arg(&setup.model)
        .arg("--vad-model")
        .arg(&setup.vad_model)
        .args(["--language", "en"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", setup.worker.display()))
}

async fn connect(worker: &mut Child, path: &Path) -> Result<Socket> {
    let started = Instant::now();
    loop {
        match UnixStream::connect(path).await {
            Ok(stream) => return Ok(Framed::new(stream, NodeCodec::new())),
            Err(error) if started.elapsed() >= READY_LIMIT => {
                return Err(error).context("the worker does not listen");
            }
            Err(_) => {}
        }
        if let Some(status) = worker.try_wait()? {
            bail!("the worker ended before it served ({status})");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One stream from its first sample to `Finished`; returns the segments with text.
async fn pass(socket: &mut Socket, stream: u64, pcm: &[i16], window: u64) -> Result<usize> {
    socket
        .send(ToWorker::Open { stream, start_sample: 0, config: StreamConfig::default() })
        .await?;
    let (mut sent, mut done, mut segments) = (0, 0, 0);
    let mut finishing = false;
    loop {
        // As far as the window allows, then as the worker gets on.
        let allowed = usize::try_from(done + window).unwrap_or(usize::MAX).min(pcm.len());
        while sent < allowed {
            let end = allowed.min(sent + MAX_AUDIO_SAMPLES);
            socket.send(ToWorker::Audio { stream, pcm: pcm[sent..end].to_vec() }).await?;
            sent = end;
        }
        if sent == pcm.len() && !finishing {
            socket.send(ToWorker::Finish { stream }).await?;
            finishing = true;
        }
        let answer = tokio::time::timeout(SILENCE_LIMIT, socket.next()).await;
        let answer = answer.context("the worker says nothing any more")?;
        match answer.transpose()? {
            None => bail!("the worker hung up"),
            Some(FromWorker::Final { segment, .. }) => {
                segments += 1;
                done = done.max(segment.end_sample);
            }
            Some(FromWorker::Dropped { end_sample, .. }) => done = done.max(end_sample),
            Some(FromWorker::Progress { done_sample, .. }) => done = done.max(done_sample),
            Some(FromWorker::Finished { .. }) => return Ok(segments),
            Some(FromWorker::Failed { reason, .. }) => bail!("the worker failed: {reason}"),
            Some(
                FromWorker::Opened { .. }
                | FromWorker::Ready { .. }
                | FromWorker::Interim { .. }
                | FromWorker::Speech { .. },
            ) => {}
        }
    }
}

/// Lines for people.
pub fn describe(speech: &Speech) -> String {
    let Speech { engine, model, audio_secs, real_time_factor, segments } = speech;
    format!(
        "Real-time factor of the speech worker: median {:.3}, max {:.3}\n\
         ({} runs over {audio_secs:.0} s with {segments} segments; {engine}, {model})",
        real_time_factor.median, real_time_factor.max, real_time_factor.samples
    )
}
