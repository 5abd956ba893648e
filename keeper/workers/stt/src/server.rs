//! The socket: one connection at a time, from the node whose worker this is.
//!
//! The newest connection wins. Only this user can connect, so a second one is the same node again,
//! back sooner than the end of its old connection was noticed here.

use crate::inference::{Command, Session, WINDOW_SAMPLES};
use futures_util::{SinkExt, StreamExt};
use heliograph_worker_ipc::{FrameError, FromWorker, MAX_AUDIO_SAMPLES, ToWorker, WorkerCodec};
use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::time::Instant;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::codec::Framed;
use tokio_util::task::AbortOnDropHandle;

#[cfg(test)]
mod tests;

/// Commands between the socket and the inference thread. Audio in them counts against its
/// stream's window, so this only bounds the small ones. Large enough for what many calls send
/// while something is decoded, so that audio is stamped when it comes.
const COMMANDS_QUEUED: usize = 4_096;

/// Answers between the inference thread and the socket. Full means that the node does not read,
/// and then nothing more is computed for it.
const ANSWERS_QUEUED: usize = 64;

/// Ended streams remembered per connection, so that their late audio is ignored.
const ENDED_REMEMBERED: usize = 1024;

/// Accepts connections until the inference thread is gone.
///
/// # Errors
/// If the listener fails.
pub async fn serve(
    listener: UnixListener,
    ready: FromWorker,
    sessions: mpsc::Sender<Session>,
) -> io::Result<()> {
    // Aborted on drop, so that stopping to serve also ends the connection.
    let mut current: Option<AbortOnDropHandle<()>> = None;
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = sessions.closed() => {
                return Err(io::Error::other("the inference thread has ended"));
            }
        };
        let (socket, _) = accepted?;
        if let Some(old) = current.take() {
            if !old.is_finished() {
                tracing::warn!("connection replaced by a newer one");
            }
            old.abort();
            // Cancelled is what it is meant to be.
            let _ = old.await;
        }
        let (ready, sessions) = (ready.clone(), sessions.clone());
        current = Some(AbortOnDropHandle::new(tokio::spawn(async move {
            tracing::info!("node connected");
            match connection(socket, ready, sessions).await {
                Ok(()) => tracing::info!("node disconnected"),
                Err(error) => tracing::warn!(%error, "connection ended"),
            }
        })));
    }
}

async fn connection(
    socket: UnixStream,
    ready: FromWorker,
    sessions: mpsc::Sender<Session>,
) -> Result<(), FrameError> {
    let mut framed = Framed::new(socket, WorkerCodec::new());
    framed.send(ready).await?;
    let (mut sink, mut source) = framed.split();

    let (commands_in, commands) = mpsc::channel(COMMANDS_QUEUED);
    let (answers, mut answers_out) = mpsc::channel(ANSWERS_QUEUED);
    let mut reader = Reader { windows: HashMap::new(), commands: commands_in, answers };
    let session = Session { commands, answers: reader.answers.clone() };
    if sessions.send(session).await.is_err() {
        // The thread is gone; `serve` says so.
        return Ok(());
    }
    let read = async {
        while let Some(message) = source.next().await {
            if reader.take(message?).await.is_none() {
                break;
            }
        }
        Ok(())
    };
    let write = async {
        while let Some(answer) = answers_out.recv().await {
            sink.send(answer).await?;
        }
        Ok(())
    };
    tokio::select! {
        ended = read => ended,
        ended = write => ended,
    }
}

/// Admits messages: only audio that fits its stream's window passes to the inference thread.
struct Reader {
    windows: HashMap<u64, Arc<Semaphore>>,
    commands: mpsc::Sender<Command>,
    answers: mpsc::Sender<FromWorker>,
}

impl Reader {
    /// Takes one message; waits while its stream's window is full. `None` if nobody listens.
    async fn take(&mut self, message: ToWorker) -> Option<()> {
        match message {
            ToWorker::Open { stream, start_sample, config } => {
                if let Some(window) = self.windows.get(&stream) {
                    if !window.is_closed() {
                        self.command(Command::Close { stream }).await?;
                    }
                    return self.fail(stream, "its id has been used on this connection").await;
                }
                if self.windows.len() >= ENDED_REMEMBERED {
                    self.windows.retain(|_, window| !window.is_closed());
                }
                let window = Arc::new(Semaphore::new(WINDOW_SAMPLES));
                self.windows.insert(stream, window.clone());
                self.command(Command::Open { stream, start_sample, config, window }).await
            }
            ToWorker::Audio { stream, pcm } => {
                let Some(window) = self.windows.get(&stream) else {
                    return self.fail(stream, "it is not open").await;
                };
                if pcm.len() > MAX_AUDIO_SAMPLES {
                    self.command(Command::Close { stream }).await?;
                    return self.fail(stream, "a message holds more than 8 s of audio").await;
                }
                // Cannot truncate: the length was just checked. An error means the stream ended.
                if let Ok(permits) = window.acquire_many(pcm.len() as u32).await {
                    permits.forget();
                    let received = Instant::now();
                    self.command(Command::Audio { stream, pcm, received }).await?;
                }
                Some(())
            }
            ToWorker::Finish { stream } => self.command(Command::Finish { stream }).await,
            ToWorker::Close { stream } => self.command(Command::Close { stream }).await,
        }
    }

    async fn command(&self, command: Command) -> Option<()> {
        self.commands.send(command).await.ok()
    }

    async fn fail(&self, stream: u64, reason: &str) -> Option<()> {
        tracing::warn!(stream, reason, "message refused");
        let reason = reason.to_owned();
        self.answers.send(FromWorker::Failed { stream, reason, retryable: false }).await.ok()
    }
}
