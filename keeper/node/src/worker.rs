//! The speech worker's process: started, connected, restarted when it dies.
//!
//! Streams get a handle each. When the process or its socket dies, every handle yields
//! [`WorkerEvent::Lost`]; its owner waits for [`Worker::ready`] and opens the stream again at the
//! last position that was answered for.

mod connection;
pub mod process;

use crate::config::TranscriptionConfig;
use crate::error::Error;
use connection::{Command, Connection};
use heliograph_worker_ipc::{Gate, Model, Segment, StreamConfig, ToWorker};
use process::Process;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// First wait before a dead worker is started again, doubled up to [`RESTART_MAX`] while it keeps
/// dying young.
const RESTART_MIN: Duration = Duration::from_millis(500);
const RESTART_MAX: Duration = Duration::from_secs(30);
/// A worker that lived this long did not die of its configuration.
const HEALTHY_AFTER: Duration = Duration::from_secs(60);
/// Messages on their way to the worker; audio waits in the stream's own buffer behind them.
const COMMANDS_MAX: usize = 16;
/// Events of one stream on their way to it. Each answers for audio the stream has sent, of which
/// there is a window at most, so a full queue means a stream that no longer reads.
const EVENTS_MAX: usize = 1_024;

/// What a worker said of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Never empty; the first serves what nothing else is better for.
    pub models: Vec<Model>,
    /// Samples of a stream that may be on their way at once.
    pub window_samples: u64,
}

impl WorkerInfo {
    /// Languages that any of its models serves, ISO 639-1, sorted.
    pub fn languages(&self) -> BTreeSet<&str> {
        self.models.iter().flat_map(|model| &model.languages).map(String::as_str).collect()
    }
}

/// A text that may still change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interim {
    pub start_sample: u64,
    pub end_sample: u64,
    pub text: String,
    pub confidence_ppm: u32,
    pub language: String,
}

/// What a stream hears from the worker.
#[derive(Clone, Debug)]
pub enum WorkerEvent {
    Opened,
    /// Of what is being said, so far.
    Interim(Interim),
    /// Somebody begins to speak, or has stopped.
    Speech {
        at_sample: u64,
        is_speaking: bool,
    },
    Final(Box<Segment>),
    Dropped {
        end_sample: u64,
        gate: Gate,
    },
    Progress {
        done_sample: u64,
    },
    Finished {
        done_sample: u64,
    },
    Failed {
        reason: String,
        retryable: bool,
    },
    /// The worker died; nothing more comes through this handle.
    Lost,
}

/// The worker, whether it runs or is being started again.
#[derive(Debug)]
pub struct Worker {
    commands: mpsc::Sender<Command>,
    info: watch::Receiver<Option<WorkerInfo>>,
    next_stream: Arc<AtomicU64>,
    task: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
}

impl Worker {
    /// Starts the worker and keeps it running until `shutdown`.
    pub fn start(config: &TranscriptionConfig, shutdown: CancellationToken) -> Result<Self, Error> {
        let process = Process::new(config)?;
        let (commands, receiver) = mpsc::channel(COMMANDS_MAX);
        let (sender, info) = watch::channel(None);
        let task = tokio::spawn(supervise(process, receiver, sender, shutdown));
        Ok(Self {
            commands,
            info,
            next_stream: Arc::default(),
            task: tokio::sync::Mutex::new(Some(task)),
        })
    }

    /// What the worker is, `None` while it does not run.
    pub fn info(&self) -> Option<WorkerInfo> {
        self.info.borrow().clone()
    }

    /// Waits until the worker runs.
    pub async fn ready(&self) -> WorkerInfo {
        let mut info = self.info.clone();
        loop {
            if let Some(info) = info.borrow_and_update().clone() {
                return info;
            }
            if info.changed().await.is_err() {
                // Shut down: the caller's own token ends the wait.
                std::future::pending::<()>().await;
            }
        }
    }

    /// Opens a stream at a position in the session's audio.
    pub async fn open(&self, config: StreamConfig, start_sample: u64) -> WorkerStream {
        let stream = self.next_stream.fetch_add(1, Ordering::Relaxed);
        let (sender, events) = mpsc::channel(EVENTS_MAX);
        let open = ToWorker::Open { stream, start_sample, config };
        // A closed channel drops `sender`, and the stream reads Lost.
        let _ = self.commands.send(Command::Open { stream, events: sender, open }).await;
        WorkerStream { stream, commands: self.commands.clone(), events }
    }

    /// Waits until the process is gone, after shutdown.
    pub async fn stopped(&self) {
        if let Some(task) = self.task.lock().await.take()
            && let Err(error) = task.await
        {
            tracing::error!(%error, "worker supervisor panicked");
        }
    }
}

/// One stream at the worker. Dropping it abandons the stream there.
#[derive(Debug)]
pub struct WorkerStream {
    stream: u64,
    commands: mpsc::Sender<Command>,
    events: mpsc::Receiver<WorkerEvent>,
}

impl WorkerStream {
    /// Sends audio; the caller keeps within the window.
    pub async fn audio(&self, pcm: Vec<i16>) {
        self.send(ToWorker::Audio { stream: self.stream, pcm }).await;
    }

    /// Says that no more audio comes.
    pub async fn finish(&self) {
        self.send(ToWorker::Finish { stream: self.stream }).await;
    }

    /// The next event; [`WorkerEvent::Lost`] again and again once the worker is gone.
    pub async fn next(&mut self) -> WorkerEvent {
        self.events.recv().await.unwrap_or(WorkerEvent::Lost)
    }

    async fn send(&self, message: ToWorker) {
        // A closed channel means shutdown; the events tell.
        let _ = self.commands.send(Command::Send(message)).await;
    }
}

impl Drop for WorkerStream {
    fn drop(&mut self) {
        let command = Command::Close { stream: self.stream };
        if let Err(mpsc::error::TrySendError::Full(command)) = self.commands.try_send(command) {
            let commands = self.commands.clone();
            tokio::spawn(async move { commands.send(command).await });
        }
    }
}

/// Starts, serves, starts again.
async fn supervise(
    process: Process,
    mut commands: mpsc::Receiver<Command>,
    info: watch::Sender<Option<WorkerInfo>>,
    shutdown: CancellationToken,
) {
    let mut wait = RESTART_MIN;
    while !shutdown.is_cancelled() {
        let started = std::time::Instant::now();
        let lived = run_once(&process, &mut commands, &info, &shutdown).await;
        info.send_replace(None);
        if shutdown.is_cancelled() {
            return;
        }
        match lived {
            Ok(()) => tracing::warn!("worker ended, starting it again"),
            Err(reason) => tracing::warn!(%reason, "worker died, starting it again"),
        }
        if started.elapsed() >= HEALTHY_AFTER {
            wait = RESTART_MIN;
        }
        // Streams opened meanwhile are told at once that they are lost: their owners wait for the
        // next Ready.
        let pause = tokio::time::sleep(wait);
        tokio::pin!(pause);
        loop {
            tokio::select! {
                () = &mut pause => break,
                () = shutdown.cancelled() => return,
                command = commands.recv() => if command.is_none() { return },
            }
        }
        wait = (wait * 2).min(RESTART_MAX);
    }
}

/// One life of the process, from start to death.
async fn run_once(
    process: &Process,
    commands: &mut mpsc::Receiver<Command>,
    info: &watch::Sender<Option<WorkerInfo>>,
    shutdown: &CancellationToken,
) -> Result<(), String> {
    let mut child = process.spawn()?;
    let lived = tokio::select! {
        lived = async {
            let (connection, worker) = Connection::open(process.socket()).await?;
            for Model { engine, name, .. } in &worker.models {
                tracing::info!(model = %name, %engine, "worker ready");
            }
            info.send_replace(Some(worker));
            connection.run(commands).await
        } => lived,
        status = child.wait() => Err(match status {
            Ok(status) => format!("exited with {status}"),
            Err(error) => error.to_string(),
        }),
        () = shutdown.cancelled() => Ok(()),
    };
    process::stop(child).await;
    lived
}
