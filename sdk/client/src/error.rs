//! Every way a call of this crate can fail, and which of them may pass by themselves.

use std::fmt;

use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_transaction_error::TransactionError;

use crate::rpc::TRANSIENT_RPC_CODES;

/// Errors of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No usable answer within the retry policy: refused connections, time-outs, rate limits.
    #[error(
        "{url} gave no answer to {method} within {:.1} s ({attempts} attempts): {reason}",
        *waited_ms as f64 / 1000.0
    )]
    Unreachable {
        /// The RPC address without path, query and credentials, where providers put their keys.
        url: String,
        /// The JSON-RPC method.
        method: &'static str,
        /// Requests made.
        attempts: u32,
        /// Milliseconds from the first request to giving up.
        waited_ms: u64,
        /// The last failure.
        reason: String,
    },

    /// The RPC answered, and the answer is no.
    #[error("{url} refused {method}: {message} (code {code})")]
    Refused {
        /// The RPC address, redacted as above.
        url: String,
        /// The JSON-RPC method.
        method: &'static str,
        /// The JSON-RPC error code, or the HTTP status where it came to no JSON-RPC.
        code: i64,
        /// The JSON-RPC error message.
        message: String,
    },

    /// The RPC answered, or the chain holds, something that does not decode.
    #[error("cannot decode {what}: {reason}")]
    Decode {
        /// What was being read.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },

    /// A program failed with a code of its own. The transaction changed nothing but fees.
    #[error("{}", ProgramDisplay { program_id, code: *code, name, message })]
    Program {
        /// The program that failed, which may be one that the called program called.
        program_id: Pubkey,
        /// Its custom error code. Anchor's own are below 6000, a program's from there.
        code: u32,
        /// The error's name, where the program logged it as Anchor does.
        name: Option<String>,
        /// The error's text, likewise.
        message: Option<String>,
        /// The transaction's log lines; empty when the RPC no longer has them.
        logs: Vec<String>,
    },

    /// The transaction failed for a reason that is not a program's own code.
    #[error("transaction failed: {error}{}", LastLog(logs))]
    Transaction {
        /// The reason.
        error: TransactionError,
        /// The transaction's log lines, where known.
        logs: Vec<String>,
    },

    /// The transaction's blockhash expired before it was executed. It never will be.
    #[error("transaction {signature} expired before it was executed")]
    Expired {
        /// The transaction.
        signature: Signature,
    },

    /// The outcome is not known: the cluster did not move on within the limit.
    #[error("transaction {signature} is neither confirmed nor expired after {waited_ms} ms")]
    Unconfirmed {
        /// The transaction. Ask for its status before sending another.
        signature: Signature,
        /// Milliseconds waited.
        waited_ms: u64,
    },

    /// The instructions do not fit one transaction.
    #[error("transaction of {size_bytes} bytes exceeds {max_bytes}")]
    TooLarge {
        /// Its size on the wire.
        size_bytes: usize,
        /// The network's limit.
        max_bytes: usize,
    },

    /// A signer is missing, superfluous or refused.
    #[error("cannot sign: {0}")]
    Sign(String),

    /// The payer cannot pay for what was asked.
    #[error("{payer} holds {available_lamports} lamports, {needed_lamports} are needed")]
    InsufficientFunds {
        /// Who pays.
        payer: Pubkey,
        /// What it takes, rent and fees included.
        needed_lamports: u64,
        /// What is there.
        available_lamports: u64,
    },

    /// An account that was expected is not there.
    #[error("there is no {what} account at {address}")]
    Missing {
        /// What was expected.
        what: &'static str,
        /// Where.
        address: Pubkey,
    },

    /// A program cannot be deployed or upgraded as asked.
    #[error("cannot deploy {program_id}: {reason}")]
    Deploy {
        /// The program.
        program_id: Pubkey,
        /// What stands against it.
        reason: String,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Expired { .. } | Self::Unconfirmed { .. } => true,
            Self::Refused { code, .. } => TRANSIENT_RPC_CODES.contains(code),
            Self::Transaction { error, .. } => is_transient(error),
            _ => false,
        }
    }

    pub(crate) fn decode(what: &'static str, reason: impl fmt::Display) -> Self {
        Self::Decode { what, reason: reason.to_string() }
    }
}

/// Failures of scheduling, not of what the transaction asked for.
fn is_transient(error: &TransactionError) -> bool {
    matches!(
        error,
        TransactionError::BlockhashNotFound
            | TransactionError::AccountInUse
            | TransactionError::ClusterMaintenance
            | TransactionError::WouldExceedMaxBlockCostLimit
            | TransactionError::WouldExceedMaxAccountCostLimit
            | TransactionError::WouldExceedMaxVoteCostLimit
            | TransactionError::WouldExceedAccountDataBlockLimit
            | TransactionError::ResanitizationNeeded
            | TransactionError::ProgramCacheHitMaxLimit
            | TransactionError::CommitCancelled
    )
}

/// `program X failed: EscrowTooLow (6004): the escrow cannot pay this`.
struct ProgramDisplay<'a> {
    program_id: &'a Pubkey,
    code: u32,
    name: &'a Option<String>,
    message: &'a Option<String>,
}

impl fmt::Display for ProgramDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "program {} failed: ", self.program_id)?;
        match self.name {
            Some(name) => write!(f, "{name} ({})", self.code)?,
            None => write!(f, "error {} ({:#x})", self.code, self.code)?,
        }
        match self.message {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

/// The last line usually says more than the error: `; Program log: not enough funds`.
struct LastLog<'a>(&'a [String]);

impl fmt::Display for LastLog<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.last() {
            Some(line) => write!(f, "; {line}"),
            None => Ok(()),
        }
    }
}
