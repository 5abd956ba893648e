//! The settle role's database: collected vouchers, and batches from before they are posted until
//! nobody can ask for them, in one SQLite file.
//!
//! **A batch leaves the settler only after [`Batches::write`] has returned `Ok`.** A minute is
//! written once: whatever a killed settler finds here is what it may have sent, and the only thing
//! it may ever send for that minute. The vouchers behind its leaves stay as long as the batch does,
//! so that every challenge can be answered.
//!
//! Writes are serialised and on disk when they return, as the [`Ledger`](crate::Ledger)'s are, and
//! idempotent likewise.

mod batch;
mod vouchers;

pub use batch::{Batch, BatchState, StoredLeaf};
pub use vouchers::{Collected, Waiting};

use crate::ledger::open::open_pools;
use crate::ledger::row;
use crate::{Error, Result};
use heliograph_protocol::Address;
use heliograph_protocol::domain::Domain;
use sqlx::migrate::Migrator;
use sqlx::{Sqlite, SqlitePool, Transaction};
use std::path::Path;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/batches");

/// A handle on the settler's database. Cloning is cheap; clones share connections.
#[derive(Clone, Debug)]
pub struct Batches {
    /// One connection: the tasks of this process queue here in order instead of polling the lock.
    writer: SqlitePool,
    reader: SqlitePool,
    domain: Domain,
    keeper: Address,
}

impl Batches {
    /// Opens the file of the settler `keeper` (its registry account) on the network `domain`, and
    /// makes it if it does not exist. Its folder must exist.
    pub async fn open(path: impl AsRef<Path>, domain: Domain, keeper: Address) -> Result<Self> {
        let (writer, reader) = open_pools(path.as_ref(), &MIGRATIONS, &domain).await?;
        let batches = Self { writer, reader, domain, keeper };
        let mut tx = batches.begin().await?;
        sqlx::query("INSERT INTO settler (id, keeper) VALUES (1, ?) ON CONFLICT DO NOTHING")
            .bind(keeper.as_slice())
            .execute(&mut *tx)
            .await?;
        let found = sqlx::query("SELECT keeper FROM settler").fetch_one(&mut *tx).await?;
        if row::array::<32>(&found, "keeper")? != keeper {
            return Err(Error::OtherSettler);
        }
        tx.commit().await?;
        Ok(batches)
    }

    /// The network its messages belong to.
    pub const fn domain(&self) -> Domain {
        self.domain
    }

    /// The settler's registry account.
    pub const fn keeper(&self) -> Address {
        self.keeper
    }

    /// Waits for running calls and closes the file. Dropping it or killing the process instead
    /// loses nothing that was written.
    pub async fn close(self) {
        self.reader.close().await;
        self.writer.close().await;
    }

    /// Begins a transaction that holds the file's write lock from its first statement on.
    async fn begin(&self) -> Result<Transaction<'static, Sqlite>> {
        Ok(self.writer.begin_with("BEGIN IMMEDIATE").await?)
    }
}
