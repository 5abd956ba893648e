//! What a keeper must not lose.
//!
//! * [`Ledger`]: the node role's database. It holds every receipt the node has signed, every
//!   voucher it was given and every attempt to bring one on chain, and refuses whatever would make
//!   the node sign a minute twice.
//! * [`Batches`]: the settle role's database. It holds the vouchers it has collected and every batch
//!   before it is posted, and refuses to write a minute twice.
//! * [`Archive`]: signed messages under their own hash, in a folder or an object store, for whoever
//!   audits the network.
//!
//! Neither asks the chain nor the clock: what the chain says and what time it is are arguments.
#![deny(missing_docs)]

mod archive;
mod batches;
mod error;
mod ledger;

pub use archive::{Archive, ObjectKind};
pub use batches::{Batch, BatchState, Batches, Collected, StoredLeaf, Waiting};
pub use error::Error;
pub use ledger::{
    KeyCharge, KeyState, Ledger, NewRedeem, NewestVoucher, RecordedVoucher, Redeem, RedeemId,
    RedeemState, Session, SessionState, StoredSession, UnsettledSession, Written,
};

/// Result of the store's operations.
pub type Result<T> = std::result::Result<T, Error>;

/// Borsh of a value in memory.
fn to_borsh<T: borsh::BorshSerialize + ?Sized>(value: &T) -> Vec<u8> {
    // Writing to a Vec fails only for collections longer than u32::MAX, which no message holds.
    borsh::to_vec(value).unwrap_or_else(|_| unreachable!("messages are shorter than u32::MAX"))
}
