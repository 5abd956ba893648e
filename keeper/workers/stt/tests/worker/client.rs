//! The real binary, and a node's end of its socket.

use crate::assets;
use futures_util::{SinkExt, StreamExt};
use heliograph_worker_ipc::{FromWorker, Gate, NodeCodec, Segment, StreamConfig, ToWorker};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tokio::net::UnixStream;
use tokio_util::codec::Framed;

/// Longest any answer may take. Generous: builds may be running beside the test.
pub const PATIENCE: Duration = Duration::from_secs(240);

/// The binary with the test's models. One thread, so that tests side by side do not spin against
/// each other; and it ends with the test, should the test be killed before it cleans up.
pub fn command(model: &Path, socket: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_heliograph-stt"));
    command
        .arg("--socket")
        .arg(socket)
        .arg("--model")
        .arg(model)
        .arg("--vad-model")
        .arg(assets::model(assets::SILERO))
        .args(["--threads", "1", "--exit-with-parent"])
        .env("RUST_LOG", "warn")
        .stdin(Stdio::null());
    command
}

/// A running worker; killed when dropped.
pub struct Worker {
    pub child: Child,
    pub socket: PathBuf,
    _dir: tempfile::TempDir,
}

impl Worker {
    pub fn start(model: &str) -> Self {
        Self::start_with(model, &[])
    }

    pub fn start_with(model: &str, flags: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let socket = dir.path().join("stt.sock");
        let child = command(&assets::model(model), &socket).args(flags).spawn().unwrap();
        Self { child, socket, _dir: dir }
    }

    /// SIGKILL, as a crash would.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Connects once the worker is up, and takes its greeting.
    pub async fn connect(&self) -> Node {
        Node::connect(&self.socket).await
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a stream gave.
#[derive(Debug, Default, PartialEq)]
pub struct Heard {
    pub segments: Vec<Segment>,
    pub dropped: Vec<(u64, u64, Gate)>,
    /// The stream's done position, by the rule of the protocol.
    pub done_sample: u64,
    pub finished: bool,
}

impl Heard {
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|segment| segment.text.as_str()).collect();
        texts.join(" ")
    }

    /// Without what may differ between two runs.
    pub fn timeless(mut self) -> Self {
        for segment in &mut self.segments {
            segment.latency_ms = 0;
            segment.record.started_at_unix_ms = 0;
            segment.record.finished_at_unix_ms = 0;
        }
        self
    }

    /// Takes an answer and checks that positions only move forward.
    pub fn take(&mut self, answer: FromWorker) {
        match answer {
            FromWorker::Opened { .. } => {}
            FromWorker::Final { segment, .. } => {
                assert!(self.done_sample <= segment.start_sample);
                assert!(segment.start_sample < segment.end_sample);
                self.done_sample = segment.end_sample;
                self.segments.push(segment);
            }
            FromWorker::Dropped { start_sample, end_sample, gate, .. } => {
                assert!(self.done_sample <= start_sample && start_sample < end_sample);
                self.done_sample = end_sample;
                self.dropped.push((start_sample, end_sample, gate));
            }
            FromWorker::Progress { done_sample, .. } => {
                assert!(self.done_sample <= done_sample);
                self.done_sample = done_sample;
            }
            FromWorker::Finished { done_sample, .. } => {
                assert!(self.done_sample <= done_sample);
                self.done_sample = done_sample;
                self.finished = true;
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}

/// A node's connection.
pub struct Node {
    pub framed: Framed<UnixStream, NodeCodec>,
    pub ready: FromWorker,
}

impl Node {
    pub async fn connect(socket: &Path) -> Self {
        let started = Instant::now();
        loop {
            match UnixStream::connect(socket).await {
                Ok(stream) => {
                    let mut framed = Framed::new(stream, NodeCodec::new());
                    let ready = next(&mut framed).await.expect("a greeting");
                    assert!(matches!(ready, FromWorker::Ready { .. }), "{ready:?}");
                    return Self { framed, ready };
                }
                Err(error) if started.elapsed() > PATIENCE => panic!("no worker: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    pub async fn send(&mut self, message: ToWorker) {
        self.framed.send(message).await.unwrap();
    }

    /// The next answer; `None` if the worker has hung up.
    pub async fn answer(&mut self) -> Option<FromWorker> {
        next(&mut self.framed).await
    }

    pub async fn open(&mut self, stream: u64, language: Option<&str>, start_sample: u64) {
        let language = language.map(str::to_owned);
        self.open_as(stream, start_sample, StreamConfig { language, ..StreamConfig::default() })
            .await;
    }

    async fn open_as(&mut self, stream: u64, start_sample: u64, config: StreamConfig) {
        self.send(ToWorker::Open { stream, start_sample, config }).await;
        assert_eq!(self.answer().await, Some(FromWorker::Opened { stream }));
    }

    /// Sends audio in chunks and collects everything until the stream has finished. Stays within
    /// the worker's window without waiting for it: the recordings are short.
    pub async fn hear(
        &mut self,
        stream: u64,
        start_sample: u64,
        pcm: &[i16],
        chunk: usize,
    ) -> Heard {
        self.hear_as(stream, start_sample, pcm, chunk, StreamConfig::default()).await
    }

    /// The same for a stream that asks for something.
    pub async fn hear_as(
        &mut self,
        stream: u64,
        start_sample: u64,
        pcm: &[i16],
        chunk: usize,
        config: StreamConfig,
    ) -> Heard {
        self.open_as(stream, start_sample, config).await;
        for pcm in pcm.chunks(chunk) {
            self.send(ToWorker::Audio { stream, pcm: pcm.to_vec() }).await;
        }
        self.send(ToWorker::Finish { stream }).await;
        let mut heard = Heard::default();
        while !heard.finished {
            heard.take(self.answer().await.expect("the worker is there"));
        }
        assert_eq!(heard.done_sample, start_sample + pcm.len() as u64);
        heard
    }
}

async fn next(framed: &mut Framed<UnixStream, NodeCodec>) -> Option<FromWorker> {
    let next = tokio::time::timeout(PATIENCE, framed.next()).await.expect("an answer in time");
    // A killed worker resets the connection, which is a way of hanging up.
    next.and_then(Result::ok)
}
