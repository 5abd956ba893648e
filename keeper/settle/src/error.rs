//! Errors that end the role. What goes wrong with one node, batch or transaction stays there.

use solana_pubkey::Pubkey;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Why the settle role cannot start or go on.
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
    /// The settler's keypair file cannot be used.
    #[error("cannot read the settler's key {path}: {reason}")]
    SettlerKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no book, and the role may not open one.
    #[error("the settler has no book at {0}: open one, or set settle.open_book")]
    NoBook(Pubkey),
    /// The database or archive failed.
    #[error(transparent)]
    Store(#[from] heliograph_store::Error),
    /// The cluster is not one this settler can work on.
    #[error(transparent)]
    Chain(#[from] heliograph_client::Error),
    /// The HTTP client cannot be made, or the HTTP server failed.
    #[error("http: {0}")]
    Http(String),
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
