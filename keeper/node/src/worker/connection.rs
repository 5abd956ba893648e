//! The socket to a running worker: commands out, events to the streams they belong to.

use super::{Interim, WorkerEvent, WorkerInfo};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use heliograph_worker_ipc::{FromWorker, NodeCodec, ToWorker, VERSION};
use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::mpsc;
use tokio_util::codec::Framed;

/// How long a worker may take to load its model.
const READY_LIMIT: Duration = Duration::from_secs(120);
/// How often its socket is tried meanwhile.
const CONNECT_EVERY: Duration = Duration::from_millis(50);

/// From the streams to the connection.
#[derive(Debug)]
pub enum Command {
    Open { stream: u64, events: mpsc::Sender<WorkerEvent>, open: ToWorker },
    Send(ToWorker),
    Close { stream: u64 },
}

type Socket = Framed<UnixStream, NodeCodec>;

/// A worker that has said Ready.
#[derive(Debug)]
pub struct Connection {
    sink: SplitSink<Socket, ToWorker>,
    stream: SplitStream<Socket>,
}

impl Connection {
    /// Connects as soon as the worker listens, and reads what it says of itself.
    pub async fn open(path: &Path) -> Result<(Self, WorkerInfo), String> {
        let ready = async {
            let socket = loop {
                match UnixStream::connect(path).await {
                    Ok(socket) => break socket,
                    Err(_) => tokio::time::sleep(CONNECT_EVERY).await,
                }
            };
            let (sink, mut stream) = Framed::new(socket, NodeCodec::new()).split();
            match stream.next().await {
                Some(Ok(FromWorker::Ready { version, models, window_samples, .. }))
                    if version == VERSION =>
                {
                    if models.is_empty() {
                        return Err("worker has no model".to_owned());
                    }
                    Ok((Self { sink, stream }, WorkerInfo { models, window_samples }))
                }
                Some(Ok(FromWorker::Ready { version, .. })) => {
                    Err(format!("worker speaks version {version}, expected {VERSION}"))
                }
                other => Err(format!("worker did not say ready: {other:?}")),
            }
        };
        tokio::time::timeout(READY_LIMIT, ready)
            .await
            .unwrap_or_else(|_| Err(format!("worker not ready within {READY_LIMIT:?}")))
    }

    /// Carries messages until the socket breaks. Reading and writing go on side by side: a worker
    /// whose answers are not read stops reading too.
    pub async fn run(self, commands: &mut mpsc::Receiver<Command>) -> Result<(), String> {
        let Self { mut sink, mut stream } = self;
        let (outgoing, mut queue) = mpsc::channel::<ToWorker>(1);
        let write = async move {
            while let Some(message) = queue.recv().await {
                sink.send(message).await.map_err(|error| error.to_string())?;
            }
            Ok::<(), String>(())
        };
        let relay = async move {
            let mut streams: HashMap<u64, mpsc::Sender<WorkerEvent>> = HashMap::new();
            let mut blocked: Option<ToWorker> = None;
            loop {
                tokio::select! {
                    permit = outgoing.reserve(), if blocked.is_some() => {
                        let permit = permit.map_err(|error| error.to_string())?;
                        if let Some(message) = blocked.take() {
                            permit.send(message);
                        }
                    }
                    command = commands.recv(), if blocked.is_none() => match command {
                        None => return Ok(()),
                        Some(Command::Open { stream, events, open }) => {
                            streams.insert(stream, events);
                            blocked = Some(open);
                        }
                        Some(Command::Send(message)) => blocked = Some(message),
                        Some(Command::Close { stream }) => {
                            // A stream of an earlier worker is not known here.
                            if streams.remove(&stream).is_some() {
                                blocked = Some(ToWorker::Close { stream });
                            }
                        }
                    },
                    message = stream.next() => match message {
                        None => return Err("worker closed its socket".into()),
                        Some(Err(error)) => return Err(error.to_string()),
                        Some(Ok(message)) => dispatch(&mut streams, message),
                    },
                }
            }
        };
        tokio::select! {
            written = write => written,
            relayed = relay => relayed,
        }
    }
}

/// Hands an event to its stream; one that no longer reads is dropped and reads Lost.
fn dispatch(streams: &mut HashMap<u64, mpsc::Sender<WorkerEvent>>, message: FromWorker) {
    let (stream, event) = match message {
        FromWorker::Opened { stream } => (stream, WorkerEvent::Opened),
        FromWorker::Speech { stream, at_sample, is_speaking } => {
            (stream, WorkerEvent::Speech { at_sample, is_speaking })
        }
        FromWorker::Interim {
            stream,
            start_sample,
            end_sample,
            text,
            confidence_ppm,
            language,
        } => {
            let interim = Interim { start_sample, end_sample, text, confidence_ppm, language };
            (stream, WorkerEvent::Interim(interim))
        }
        FromWorker::Final { stream, segment } => (stream, WorkerEvent::Final(Box::new(segment))),
        FromWorker::Dropped { stream, end_sample, gate, .. } => {
            (stream, WorkerEvent::Dropped { end_sample, gate })
        }
        FromWorker::Progress { stream, done_sample } => {
            (stream, WorkerEvent::Progress { done_sample })
        }
        FromWorker::Finished { stream, done_sample } => {
            (stream, WorkerEvent::Finished { done_sample })
        }
        FromWorker::Failed { stream, reason, retryable } => {
            (stream, WorkerEvent::Failed { reason, retryable })
        }
        FromWorker::Ready { .. } => return,
    };
    let ended = matches!(event, WorkerEvent::Finished { .. } | WorkerEvent::Failed { .. });
    let delivered = streams.get(&stream).is_some_and(|events| events.try_send(event).is_ok());
    if ended || !delivered {
        streams.remove(&stream);
    }
}
