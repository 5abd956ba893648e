//! What keeps an audit from reaching a verdict. A verdict against somebody is no error: see
//! [`crate::Finding`].

/// Errors of [`crate::audit`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The RPC did not answer, or answered something that does not decode.
    #[error(transparent)]
    Rpc(#[from] heliograph_client::Error),

    /// The archive cannot be opened or read.
    #[error(transparent)]
    Archive(#[from] heliograph_store::Error),

    /// Transactions kept arriving between reading the history and reading the accounts.
    #[error("the chain did not hold still: {rounds} readings, each outdated by new transactions")]
    Busy {
        /// How often it was tried.
        rounds: usize,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Rpc(error) => error.is_retryable(),
            Self::Archive(_) => false,
            Self::Busy { .. } => true,
        }
    }
}
