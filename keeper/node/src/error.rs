//! Errors that end the role. What goes wrong with one stream or one transaction stays there.

use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the node role cannot start or go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Something else listens there.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The configured address.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The node's keypair file cannot be used.
    #[error("cannot read the node key {path}: {reason}")]
    NodeKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The ledger or archive failed.
    #[error(transparent)]
    Store(#[from] heliograph_store::Error),
    /// The cluster is not one this node can serve on.
    #[error(transparent)]
    Chain(#[from] heliograph_client::Error),
    /// The worker program cannot be started at all.
    #[error("cannot start the worker {path}: {reason}")]
    Worker {
        /// The program.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The HTTP server failed.
    #[error("http server failed: {0}")]
    Http(std::io::Error),
}

impl Error {
    /// Whether starting again may help without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Store(error) => error.is_retryable(),
            Self::Chain(error) => error.is_retryable(),
            _ => false,
        }
    }
}
