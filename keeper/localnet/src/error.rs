//! What can go wrong with an embedded cluster.

use std::path::PathBuf;

/// Errors of [`Localnet`](crate::Localnet).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Another process holds the port, or one of its connections still does.
    #[error(
        "{purpose} port {port} is taken: stop what listens there, or choose another port (0 picks a free one)"
    )]
    PortTaken {
        /// `rpc` or `websocket`.
        purpose: &'static str,
        /// The port asked for.
        port: u16,
    },

    /// The system refused to listen for a reason other than a taken port.
    #[error("cannot listen on {purpose} port {port}: {source}")]
    Bind {
        /// `rpc` or `websocket`.
        purpose: &'static str,
        /// The port asked for.
        port: u16,
        /// The system's reason.
        source: std::io::Error,
    },

    /// A setting that no cluster can run with.
    #[error("{0}")]
    InvalidConfig(&'static str),

    /// The database or the file beside it cannot be used.
    #[error("cannot use the cluster database {path}: {reason}")]
    Database {
        /// The database file of the configuration.
        path: PathBuf,
        /// Why.
        reason: String,
    },

    /// The cluster stopped before it answered its first request.
    #[error("the embedded cluster did not start: {0}")]
    Start(String),

    /// The cluster runs but did not answer in time.
    #[error("the embedded cluster at {url} did not answer within {waited_secs} s: {reason}")]
    NotReady {
        /// The RPC address asked.
        url: String,
        /// How long it was asked.
        waited_secs: u64,
        /// The last failure.
        reason: String,
    },

    /// Time travel goes forward only: programs keep timestamps they assume to lie in the past.
    #[error("cannot travel to {target_unix_secs}: the cluster is already at {now_unix_secs}")]
    TimeBackwards {
        /// The cluster's time, in seconds since the Unix epoch.
        now_unix_secs: i64,
        /// The time asked for, in seconds since the Unix epoch.
        target_unix_secs: i64,
    },

    /// The cluster stopped running while it was being asked.
    #[error("the embedded cluster no longer answers: {0}")]
    Stopped(String),
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::PortTaken { .. } | Self::NotReady { .. })
    }
}
