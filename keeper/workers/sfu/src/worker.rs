//! The worker's life: sockets, access, rooms, and the end.

use crate::access::Access;
use crate::config::Config;
use crate::door::{Door, Patience};
use crate::link::{LinkConfig, Linked};
use crate::media::{self, Plane};
use crate::outside::Order;
use crate::rooms::{Rooms, RoomsConfig};
use crate::service::{self, Service};
use crate::signal::{self as signalling, Signalling};
use crate::token::{KeysError, LocalKeys};
use crate::turn::{Turn, TurnError};
use crate::whip;
use heliograph_worker_ipc::socket::{BindError, parent_gone};
use std::future::IntoFuture;
use std::io::Write;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

/// Connections to the HTTP port beyond one for each participant: those who come, ask, and fail.
const STRANGERS_MAX: usize = 4_096;
/// How long participants are given to hear that the worker stops.
const STOP_GRACE: Duration = Duration::from_secs(1);

/// Why the worker did not start or stopped on its own.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkerError {
    /// The file of keys cannot be read.
    #[error("{path}: {error}")]
    ReadKeys {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// The file of keys is of no use.
    #[error("{path}: {error}")]
    Keys {
        /// Which.
        path: PathBuf,
        /// Where and why.
        error: KeysError,
    },
    /// The file with the TURN servers' secret cannot be read.
    #[error("{path}: {error}")]
    ReadTurnSecret {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: std::io::Error,
    },
    /// TURN servers that cannot be used.
    #[error(transparent)]
    Turn(#[from] TurnError),
    /// Signalling's address.
    #[error("signalling at {address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// The media plane.
    #[error(transparent)]
    Media(#[from] media::Error),
    /// The node role's socket.
    #[error(transparent)]
    Socket(#[from] BindError),
    /// Serving failed.
    #[error("serving failed: {0}")]
    Serve(#[from] std::io::Error),
}

/// Runs until a signal or the parent's end. The address of signalling, as bound, is the first line
/// on standard output.
///
/// # Errors
/// See [`WorkerError`].
pub async fn run(config: Config) -> Result<(), WorkerError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let keys = config.keys.as_deref().map(read_keys).transpose()?.unwrap_or_default();
    let listen_failed = |error| WorkerError::Listen { address: config.listen, error };
    let listener = TcpListener::bind(config.listen).await.map_err(listen_failed)?;
    let bound = listener.local_addr().map_err(listen_failed)?;
    let plane = match config.media_tcp_port {
        Some(port) => Plane::start_with_tcp(&config.media, port)?,
        None => Plane::start(&config.media)?,
    };

    let shutdown = CancellationToken::new();
    let (notices, notices_out) = mpsc::unbounded_channel();
    let (orders, orders_out) = mpsc::unbounded_channel();
    let turn = config.turn.map(read_turn).transpose()?.map(Arc::new);
    let rooms = Rooms::new(plane, notices, RoomsConfig { turn, ..config.rooms.clone() });
    let access: Arc<dyn Access> = match config.socket {
        Some(socket) => {
            let link = LinkConfig {
                socket,
                signalling: bound.to_string(),
                participants_max: u32::try_from(config.rooms.participants_max).unwrap_or(u32::MAX),
            };
            Arc::new(Linked::start(link, keys, notices_out, orders, shutdown.clone()).await?)
        }
        None => {
            tokio::spawn(drop_all(notices_out));
            Arc::new(keys)
        }
    };
    tokio::spawn(obey(rooms.clone(), orders_out));
    println!("{bound}");
    // Whoever started this may wait for that line, or have closed the pipe.
    let _ = std::io::stdout().flush();
    tracing::info!(address = %bound, "ready");

    let places = config.rooms.participants_max.saturating_add(STRANGERS_MAX);
    let door = Door::new(listener, places.min(Semaphore::MAX_PERMITS), Patience::default());
    let service = Service { access: access.clone(), rooms: rooms.clone() };
    let whip = whip::router(access.clone(), rooms.clone());
    let app = signalling::router(Signalling { access, rooms: rooms.clone() })
        .merge(service::router(service))
        .merge(whip);
    let result = tokio::select! {
        result = axum::serve(door, app).into_future() => result.map_err(WorkerError::Serve),
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
        () = parent_gone(), if config.exit_with_parent => {
            tracing::warn!("parent process has ended");
            Ok(())
        }
    };
    rooms.close().await;
    let _ = tokio::time::timeout(STOP_GRACE, emptied(&rooms)).await;
    shutdown.cancel();
    tracing::info!("stopped");
    result
}

fn read_keys(path: &Path) -> Result<LocalKeys, WorkerError> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| WorkerError::ReadKeys { path: path.to_owned(), error })?;
    LocalKeys::parse(&text).map_err(|error| WorkerError::Keys { path: path.to_owned(), error })
}

fn read_turn((urls, path): (Vec<String>, PathBuf)) -> Result<Turn, WorkerError> {
    let secret = std::fs::read_to_string(&path)
        .map_err(|error| WorkerError::ReadTurnSecret { path, error })?;
    Ok(Turn::new(urls, &secret)?)
}

/// A worker on its own tells nobody.
async fn drop_all<T>(mut notices: mpsc::UnboundedReceiver<T>) {
    while notices.recv().await.is_some() {}
}

async fn obey(rooms: Rooms, mut orders: mpsc::UnboundedReceiver<Order>) {
    while let Some(order) = orders.recv().await {
        rooms.order(order).await;
    }
}

async fn emptied(rooms: &Rooms) {
    while rooms.occupancy().0 > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Rooms are gone; their last messages are on their way to the sockets.
    tokio::time::sleep(Duration::from_millis(100)).await;
}
