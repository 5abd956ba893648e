//! What can go wrong with the ledger and the archive.

use crate::batches::BatchState;
use crate::ledger::{RedeemId, RedeemState};
use heliograph_protocol::Address;
use heliograph_protocol::domain::DecodeError;
use heliograph_protocol::receipt::ReceiptError;

/// Errors of [`Ledger`](crate::Ledger) and [`Archive`](crate::Archive).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The archive's address is neither a folder nor a URL this build can open.
    #[error("cannot open the archive {location}: {reason}")]
    ArchiveLocation {
        /// The address given.
        location: String,
        /// Why.
        reason: String,
    },

    /// The folder or object store failed.
    #[error("archive object {path}: {source}")]
    Archive {
        /// The object or the folder listed.
        path: String,
        /// The store's reason.
        source: object_store::Error,
    },

    /// An object's bytes are not what its folder holds.
    #[error("archive object {path} does not decode: {source}")]
    ArchiveDecode {
        /// The object.
        path: String,
        /// The decoder's reason.
        source: std::io::Error,
    },

    /// An object of this name exists and holds other bytes. It is left as it is.
    #[error("archive object {path} exists with other bytes")]
    ArchiveConflict {
        /// The object.
        path: String,
    },

    /// Something in the archive's folders is not named by a hash.
    #[error("archive object {path} is not named by a hash")]
    ArchiveName {
        /// The object.
        path: String,
    },

    /// The database failed.
    #[error("ledger database: {0}")]
    Database(#[from] sqlx::Error),

    /// The database's tables cannot be brought to this version.
    #[error("ledger database: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),

    /// The database was made for another network.
    #[error("the ledger belongs to another network")]
    OtherDomain,

    /// A stored value cannot have been written by this crate.
    #[error("ledger column {column} holds an impossible value")]
    Corrupt {
        /// Column and table are found by this name.
        column: &'static str,
    },

    /// A number above 2⁶³ − 1, which the database cannot hold.
    #[error("{what} {value} is more than the ledger can hold")]
    TooLarge {
        /// What the number is.
        what: &'static str,
        /// The number.
        value: u64,
    },

    /// The signed bytes are not a message of the expected kind on this network.
    #[error(transparent)]
    Message(#[from] DecodeError),

    /// The signature is not one of the named key over the bytes.
    #[error("the signature does not verify")]
    Signature,

    /// No such session was recorded.
    #[error("session {} is not in the ledger", bs58::encode(session).into_string())]
    UnknownSession {
        /// The session named.
        session: Address,
    },

    /// The session is recorded with other terms.
    #[error("session {} is recorded with other terms", bs58::encode(session).into_string())]
    SessionConflict {
        /// The session named.
        session: Address,
    },

    /// The session takes no more receipts.
    #[error("session {} is closed", bs58::encode(session).into_string())]
    SessionClosed {
        /// The session named.
        session: Address,
    },

    /// Another receipt of this session and sequence is recorded. The one at hand must never leave
    /// the node: two different ones are proof for slashing.
    #[error(
        "another receipt {sequence} of session {} is recorded",
        bs58::encode(session).into_string()
    )]
    Equivocation {
        /// The session.
        session: Address,
        /// The receipt's ordinal.
        sequence: u32,
    },

    /// The receipt does not follow from the session's terms and its last receipt.
    #[error(transparent)]
    Receipt(#[from] ReceiptError),

    /// The receipt's count or root is not that of the records beside it.
    #[error("the receipt's root is not that of the records beside it")]
    RecordsRoot,

    /// The voucher answers no recorded receipt: other channel, ordinal, hash or amount.
    #[error(
        "no receipt {sequence} of session {} as the voucher describes it",
        bs58::encode(session).into_string()
    )]
    UnknownReceipt {
        /// The session.
        session: Address,
        /// The ordinal the voucher names.
        sequence: u32,
    },

    /// The voucher is signed by a key that is not the session's voucher signer.
    #[error(
        "the voucher is not signed by the signer of session {}",
        bs58::encode(session).into_string()
    )]
    WrongSigner {
        /// The session.
        session: Address,
    },

    /// The redeem names a voucher that is not recorded.
    #[error("no voucher {sequence} of session {}", bs58::encode(session).into_string())]
    UnknownVoucher {
        /// The session.
        session: Address,
        /// The voucher's ordinal.
        sequence: u32,
    },

    /// The chain has settled as much as the voucher promises.
    #[error("the voucher of session {} is settled", bs58::encode(session).into_string())]
    NothingToRedeem {
        /// The session.
        session: Address,
    },

    /// Another redeem of the session is not decided yet.
    #[error("redeem {pending} of session {} is pending", bs58::encode(session).into_string())]
    RedeemPending {
        /// The session.
        session: Address,
        /// The undecided redeem.
        pending: RedeemId,
    },

    /// No such redeem was recorded.
    #[error("redeem {0} is not in the ledger")]
    UnknownRedeem(RedeemId),

    /// The database was made by another settler.
    #[error("the batches belong to another settler")]
    OtherSettler,

    /// The minute is not after the newest batch in the database: it may have left the settler.
    #[error("minute {minute_index} is not after the newest batch written, {newest}")]
    MinuteWritten {
        /// The minute asked for.
        minute_index: u64,
        /// The newest one there is.
        newest: u64,
    },

    /// Leaves out of order, twice the same, none, or not those under the header's root.
    #[error("the batch's leaves are not those of its header")]
    BatchMalformed,

    /// No such batch was written.
    #[error("no batch of minute {0} was written")]
    UnknownBatch(u64),

    /// The batch is decided, and not in this way.
    #[error("batch {minute_index} is {from}, it cannot become {to}")]
    BatchDecided {
        /// Its minute.
        minute_index: u64,
        /// Its state.
        from: BatchState,
        /// The state asked for.
        to: BatchState,
    },

    /// The redeem is decided, and not in this way.
    #[error("redeem {id} is {from}, it cannot become {to}")]
    RedeemDecided {
        /// The redeem.
        id: RedeemId,
        /// Its state.
        from: RedeemState,
        /// The state asked for.
        to: RedeemState,
    },
}

impl Error {
    /// Whether the same call may succeed later without anybody changing anything.
    ///
    /// Every writing call is idempotent, so a retry after an unknown outcome is safe.
    pub fn is_retryable(&self) -> bool {
        match self {
            // A remote store's faults pass; a full or broken disk stays so until somebody acts.
            Self::Archive { source: object_store::Error::Generic { store, .. }, .. } => {
                *store != LOCAL_STORE
            }
            Self::Database(sqlx::Error::PoolTimedOut) => true,
            Self::Database(sqlx::Error::Database(error)) => {
                // Extended result codes carry the primary one in their lowest byte.
                let code = error.code().and_then(|code| code.parse::<u32>().ok());
                code.is_some_and(|code| [SQLITE_BUSY, SQLITE_LOCKED].contains(&(code & 0xff)))
            }
            Self::RedeemPending { .. } => true,
            _ => false,
        }
    }
}

/// How `object_store` calls folders.
const LOCAL_STORE: &str = "LocalFileSystem";
const SQLITE_BUSY: u32 = 5;
const SQLITE_LOCKED: u32 = 6;
