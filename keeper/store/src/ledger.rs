//! The node role's ledger: sessions, signed receipts, vouchers and redeems, in one SQLite file.
//!
//! **A receipt leaves the node only after [`Ledger::record_receipt`] has returned `Ok`.** A second,
//! different receipt for the same session and sequence then never gets that `Ok`, from no handle,
//! process or later life of the node, so nobody can hold two. What was recorded and perhaps not
//! released is found again by [`Ledger::unvouchered`] after a restart and sent as it is.
//!
//! Writes are serialised (`BEGIN IMMEDIATE`) and on disk when they return (WAL with
//! `synchronous = FULL`). Each is idempotent: after an unknown outcome, such as a cancelled call,
//! the same call again says [`Written::Already`] or does what was not done.
//!
//! The file is the node's memory of what it has signed. An older copy of it has forgotten minutes
//! and must never be put in its place; nothing here can notice that.

mod keys;
pub(crate) mod open;
mod receipts;
mod redeems;
pub(crate) mod row;
mod sessions;
mod shares;
mod vouchers;

pub use keys::{KeyCharge, KeyState};
pub use redeems::{NewRedeem, Redeem, RedeemId, RedeemState, UnsettledSession};
pub use sessions::{Session, SessionState, StoredSession};
pub use vouchers::{NewestVoucher, RecordedVoucher};

use crate::{Error, Result};
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::Signed;
use solana_signature::Signature;
use sqlx::{Sqlite, SqlitePool, Transaction};

/// A handle on the node's ledger. Cloning is cheap; clones share connections.
#[derive(Clone, Debug)]
pub struct Ledger {
    /// One connection: the tasks of this process queue here in order instead of polling the lock.
    writer: SqlitePool,
    reader: SqlitePool,
    domain: Domain,
}

/// What a writing call found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// It was not there and is now.
    New,
    /// The same was there already.
    Already,
}

impl Ledger {
    /// The network this ledger belongs to.
    pub const fn domain(&self) -> Domain {
        self.domain
    }

    /// Begins a transaction that holds the file's write lock from its first statement on: what it
    /// reads stays true until it commits.
    async fn write(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }

    /// The message, if it is one of this network and the signature verifies.
    fn verified<M: Message>(&self, signed: &Signed) -> Result<M> {
        let message = signed.message(&self.domain)?;
        let signature = Signature::from(signed.signature);
        if !signature.verify(&signed.public_key, &signed.bytes) {
            return Err(Error::Signature);
        }
        Ok(message)
    }
}
