//! Why a migration stopped.

use solana_pubkey::Pubkey;
use std::path::PathBuf;

/// Errors of this crate. After any of them the plan can be run again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A program's bytecode or key cannot be read.
    #[error("cannot read {path}: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The key of a program is not the one that its code is compiled for.
    #[error("the key of {program} is {found}, but its code is compiled for {expected}")]
    ProgramKey {
        /// The program.
        program: &'static str,
        /// Address in the code.
        expected: Pubkey,
        /// Address of the key given.
        found: Pubkey,
    },
    /// The chain holds something that contradicts the plan. Nothing was changed.
    #[error("{what} exists already and differs: {difference}")]
    Conflict {
        /// What exists.
        what: &'static str,
        /// In what it differs.
        difference: String,
    },
    /// A mint or token account that the plan names cannot be used.
    #[error("{address} cannot be the {role}: {reason}")]
    Token {
        /// What it was meant for.
        role: &'static str,
        /// The account.
        address: Pubkey,
        /// Why not.
        reason: String,
    },
    /// A parameter does not fit its field.
    #[error("parameter {name}: {reason}")]
    Param {
        /// The parameter.
        name: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The chain could not be read or written.
    #[error("{step}: {source}")]
    Chain {
        /// What was being done.
        step: &'static str,
        /// The client's error.
        source: heliograph_client::Error,
    },
}

impl Error {
    /// Whether the same plan may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Chain { source, .. } if source.is_retryable())
    }
}

/// Names the step a client error belongs to.
pub(crate) trait During<T> {
    fn during(self, step: &'static str) -> Result<T, Error>;
}

impl<T> During<T> for Result<T, heliograph_client::Error> {
    fn during(self, step: &'static str) -> Result<T, Error> {
        self.map_err(|source| Error::Chain { step, source })
    }
}
