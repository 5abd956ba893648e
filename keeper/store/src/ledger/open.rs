//! Opening the file: connections, tables, the network it belongs to.

use super::Ledger;
use super::row;
use crate::{Error, Result};
use heliograph_protocol::domain::Domain;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Executor, SqlitePool};
use std::path::Path;
use std::time::{Duration, Instant};

static MIGRATIONS: Migrator = sqlx::migrate!();

/// How long a write waits for another process. A write takes milliseconds; a process that holds
/// the lock longer is stuck, and the caller should hear of it.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);

/// Between two attempts to connect; the switch to WAL takes a few milliseconds.
const CONNECT_PAUSE: Duration = Duration::from_millis(10);

/// Readers do not wait for each other or for the writer; more of them than cores gain nothing.
const READERS_MAX: u32 = 4;

impl Ledger {
    /// Opens the ledger file of the network `domain`, and makes it if it does not exist. Its
    /// folder must exist.
    pub async fn open(path: impl AsRef<Path>, domain: Domain) -> Result<Self> {
        let (writer, reader) = open_pools(path.as_ref(), &MIGRATIONS, &domain).await?;
        Ok(Self { writer, reader, domain })
    }

    /// Waits for running calls and closes the file. A ledger that is dropped or killed instead
    /// loses nothing that was recorded.
    pub async fn close(self) {
        self.reader.close().await;
        self.writer.close().await;
    }
}

/// Opens a file with the tables of `migrations`, of the network `domain`: the one connection that
/// writes, and those that read.
pub async fn open_pools(
    path: &Path,
    migrations: &Migrator,
    domain: &Domain,
) -> Result<(SqlitePool, SqlitePool)> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        // FULL: a commit that has returned survives a power failure. NORMAL would lose the last
        // ones, and with them the memory of receipts that have left the node.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    let writer = connect(SqlitePoolOptions::new().max_connections(1), options.clone()).await?;
    migrate(&writer, migrations, domain).await?;
    let reader = connect(
        SqlitePoolOptions::new().max_connections(READERS_MAX),
        options.create_if_missing(false).pragma("query_only", "ON"),
    )
    .await?;
    Ok((writer, reader))
}

/// Opens a pool's first connection. Processes that open a new file at once contend for its switch to
/// WAL, where SQLite refuses at once instead of waiting for the busy timeout.
async fn connect(pool: SqlitePoolOptions, options: SqliteConnectOptions) -> Result<SqlitePool> {
    let started = Instant::now();
    loop {
        match pool.clone().connect_with(options.clone()).await.map_err(Error::from) {
            Err(error) if error.is_retryable() && started.elapsed() < BUSY_TIMEOUT => {
                tokio::time::sleep(CONNECT_PAUSE).await;
            }
            result => return result,
        }
    }
}

/// Brings the tables to this version and pins the network, in one transaction, so that processes
/// that open a new file at once do not meet halfway.
async fn migrate(writer: &SqlitePool, migrations: &Migrator, domain: &Domain) -> Result<()> {
    let mut tx = writer.begin_with("BEGIN IMMEDIATE").await?;
    // `run` takes a connection by a trait whose lifetimes make this future not `Send`.
    migrations.run_direct(None, &mut *tx, false).await?;
    tx.execute(
        sqlx::query("INSERT INTO ledger (id, domain) VALUES (1, ?) ON CONFLICT DO NOTHING")
            .bind(domain.0.as_slice()),
    )
    .await?;
    let row = sqlx::query("SELECT domain FROM ledger").fetch_one(&mut *tx).await?;
    if row::array::<32>(&row, "domain")? != domain.0 {
        return Err(Error::OtherDomain);
    }
    tx.commit().await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use sqlx::Row;

    async fn pragma(pool: &SqlitePool, query: &'static str) -> String {
        let row = sqlx::query(query).fetch_one(pool).await.unwrap();
        row.try_get::<i64, _>(0).map_or_else(|_| row.get(0), |number| number.to_string())
    }

    /// A process that is killed cannot show whether commits reach the disk; the settings can.
    #[tokio::test]
    async fn connections_are_durable() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ledger.sqlite");
        let ledger = Ledger::open(&file, Domain([1; 32])).await.unwrap();
        for pool in [&ledger.writer, &ledger.reader] {
            assert_eq!(pragma(pool, "PRAGMA journal_mode").await, "wal");
            assert_eq!(pragma(pool, "PRAGMA synchronous").await, "2", "FULL is 2");
            assert_eq!(pragma(pool, "PRAGMA foreign_keys").await, "1");
        }
        assert_eq!(pragma(&ledger.reader, "PRAGMA query_only").await, "1");
        assert_eq!(ledger.writer.options().get_max_connections(), 1);
    }
}
