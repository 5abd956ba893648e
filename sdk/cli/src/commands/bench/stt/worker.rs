//! A speech worker of its own: a process with one model, over its own socket, as a node runs it.

use anyhow::{Context as _, Result, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use heliograph_worker_ipc::{
    FromWorker, MAX_AUDIO_SAMPLES, Model, NodeCodec, Segment, StreamConfig, ToWorker, VERSION,
};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio_util::codec::Framed;

/// Loading a model from a cold disk takes most of it.
const READY_LIMIT: Duration = Duration::from_secs(180);

/// A worker reports every 2 s of audio, so this is room for one that is a hundred times too slow, as
/// on a machine that compiles meanwhile.
const SILENCE_LIMIT: Duration = Duration::from_secs(240);

/// Which program with which files.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    pub program: &'a Path,
    pub model: &'a Path,
    pub vad_model: &'a Path,
    /// Threads per inference.
    pub threads: usize,
}

/// What came of a recording.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    /// Segments with text, in order.
    pub segments: Vec<Segment>,
    /// Stretches whose text a gate withheld.
    pub withheld: usize,
    /// From the first sample sent to the last answer.
    pub took: Duration,
}

impl Heard {
    /// All text.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|segment| segment.text.as_str()).collect();
        texts.join(" ")
    }
}

/// A worker that has loaded its model. Ends when dropped.
#[derive(Debug)]
pub struct Worker {
    pub model: Model,
    pub(super) socket: Framed<UnixStream, NodeCodec>,
    window: u64,
    next_stream: u64,
    // Dropped in this order: the process before the folder of its socket.
    _process: Child,
    _folder: TempDir,
}

impl Worker {
    /// Starts one and waits until it serves.
    pub async fn start(setup: &Setup<'_>) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("stt.sock");
        let mut process = Command::new(setup.program)
            .arg("--socket")
            .arg(&path)
            .arg("--model")
            .arg(setup.model)
            .arg("--vad-model")
            .arg(setup.vad_model)
            .args(["--threads", &setup.threads.to_string()])
            .args(["--language", "auto", "--exit-with-parent"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", setup.program.display()))?;
        let mut socket = connect(&mut process, &path).await?;
        let Some(ready) = socket.next().await.transpose()? else { bail!("the worker hung up") };
        let FromWorker::Ready { version, models, window_samples, .. } = ready else {
            bail!("the worker did not say what it is");
        };
        if version != VERSION {
            bail!("the worker speaks version {version}, this program {VERSION}");
        }
        let model = models.into_iter().next().context("the worker has no model")?;
        Ok(Self {
            model,
            socket,
            window: window_samples,
            next_stream: 0,
            _process: process,
            _folder: folder,
        })
    }

    /// Opens a stream at position 0 and returns its id.
    pub(super) async fn open(&mut self, config: &StreamConfig) -> Result<u64> {
        let stream = self.next_stream;
        self.next_stream += 1;
        let config = config.clone();
        self.socket.send(ToWorker::Open { stream, start_sample: 0, config }).await?;
        Ok(stream)
    }

    /// The worker's next word.
    pub(super) async fn next(&mut self) -> Result<FromWorker> {
        let answer = tokio::time::timeout(SILENCE_LIMIT, self.socket.next()).await;
        let answer = answer.context("the worker says nothing any more")?;
        answer.transpose()?.context("the worker hung up")
    }

    /// Passes a recording through as fast as the worker takes it.
    pub async fn hear(&mut self, pcm: &[i16], config: &StreamConfig) -> Result<Heard> {
        let started = Instant::now();
        let stream = self.open(config).await?;
        let mut heard = Heard::default();
        let (mut sent, mut done, mut finishing) = (0, 0, false);
        loop {
            // As far as the window allows, then as the worker gets on.
            let allowed = usize::try_from(done + self.window).unwrap_or(usize::MAX).min(pcm.len());
            while sent < allowed {
                let end = allowed.min(sent + MAX_AUDIO_SAMPLES);
                let pcm = pcm[sent..end].to_vec();
                self.socket.send(ToWorker::Audio { stream, pcm }).await?;
                sent = end;
            }
            if sent == pcm.len() && !finishing {
                self.socket.send(ToWorker::Finish { stream }).await?;
                finishing = true;
            }
            match self.next().await? {
                FromWorker::Final { segment, .. } => {
                    done = done.max(segment.end_sample);
                    heard.segments.push(segment);
                }
                FromWorker::Dropped { end_sample, .. } => {
                    done = done.max(end_sample);
                    heard.withheld += 1;
                }
                FromWorker::Progress { done_sample, .. } => done = done.max(done_sample),
                FromWorker::Finished { .. } => {
                    heard.took = started.elapsed();
                    return Ok(heard);
                }
                FromWorker::Failed { reason, .. } => bail!("the worker failed: {reason}"),
                FromWorker::Opened { .. }
                | FromWorker::Ready { .. }
                | FromWorker::Interim { .. }
                | FromWorker::Speech { .. } => {}
            }
        }
    }
}

async fn connect(process: &mut Child, path: &Path) -> Result<Framed<UnixStream, NodeCodec>> {
    let started = Instant::now();
    loop {
        match UnixStream::connect(path).await {
            Ok(stream) => return Ok(Framed::new(stream, NodeCodec::new())),
            Err(error) if started.elapsed() >= READY_LIMIT => {
                return Err(error).context("the worker does not listen");
            }
            Err(_) => {}
        }
        if let Some(status) = process.try_wait()? {
            bail!("the worker ended before it served ({status})");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
