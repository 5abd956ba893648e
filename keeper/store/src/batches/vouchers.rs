//! Vouchers collected from nodes, and which sessions wait for a batch.

use super::Batches;
use crate::ledger::row;
use crate::{Error, Result};
use heliograph_protocol::Address;
use heliograph_protocol::domain::Message;
use heliograph_protocol::evidence::Signed;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::voucher::Voucher;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// A voucher that has been verified against its session's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// The registry's app account, as the session says.
    pub app: Address,
    /// The registry's node account, likewise.
    pub node: Address,
    /// What it says.
    pub voucher: Voucher,
    /// Its bytes and signature.
    pub signed: Signed,
}

/// A session whose newest voucher is worth more than is settled or under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// The registry's app account.
    pub app: Address,
    /// The registry's node account.
    pub node: Address,
    /// The newest voucher.
    pub voucher: Voucher,
    /// Its hash.
    pub voucher_hash: Hash,
    /// What the chain has settled, as last told.
    pub settled_micro_usdc: u64,
    /// The highest amount in a batch that is written or posted and not done; 0 if in none.
    pub under_way_micro_usdc: u64,
    /// Since when.
    pub since_unix_ms: u64,
}

impl Waiting {
    /// What a new leaf may be paid beyond all that is settled or under way.
    pub fn increment_micro_usdc(&self) -> u64 {
        let covered = self.settled_micro_usdc.max(self.under_way_micro_usdc);
        self.voucher.cumulative_micro_usdc.saturating_sub(covered)
    }
}

/// The highest amount of a session that a batch under way stands for.
const UNDER_WAY: &str = "COALESCE((SELECT MAX(leaves.cumulative_micro_usdc)
    FROM leaves JOIN batches USING (minute_index)
    WHERE leaves.session = sessions.session AND batches.state IN ('written', 'posted')), 0)";

impl Batches {
    /// How far the vouchers at `endpoint` have been read; 0 at first.
    pub async fn cursor(&self, endpoint: &str) -> Result<u64> {
        let row = sqlx::query("SELECT position FROM cursors WHERE endpoint = ?")
            .bind(endpoint)
            .fetch_optional(&self.reader)
            .await?;
        row.map_or(Ok(0), |row| row::unsigned(&row, "position"))
    }

    /// Records vouchers read from `endpoint` and how far it has been read, in one transaction.
    ///
    /// A voucher that is not above the session's newest one is not kept: amounts are cumulative.
    pub async fn record_collected(
        &self,
        endpoint: &str,
        position: u64,
        vouchers: &[Collected],
        now_unix_ms: u64,
    ) -> Result<()> {
        let position = row::to_integer("cursor", position)?;
        let mut tx = self.begin().await?;
        for collected in vouchers {
            record_voucher(&mut tx, collected, now_unix_ms).await?;
        }
        sqlx::query(
            "INSERT INTO cursors (endpoint, position) VALUES (?, ?)
            ON CONFLICT (endpoint) DO UPDATE SET position = excluded.position",
        )
        .bind(endpoint)
        .bind(position)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// The voucher of this hash.
    pub async fn voucher(&self, hash: &Hash) -> Result<Option<Signed>> {
        let row = sqlx::query("SELECT bytes, public_key, signature FROM vouchers WHERE hash = ?")
            .bind(hash.as_slice())
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| row::signed(&row)).transpose()
    }

    /// Sessions that wait for a batch, those that wait longest first, at most `limit`.
    pub async fn waiting(&self, limit: u32) -> Result<Vec<Waiting>> {
        let query = format!(
            "SELECT sessions.*, vouchers.bytes, {UNDER_WAY} AS under_way
            FROM sessions JOIN vouchers ON vouchers.hash = sessions.newest
            WHERE over = 0 AND newest_micro_usdc > settled_micro_usdc
                AND newest_micro_usdc > {UNDER_WAY}
            ORDER BY waiting_since_unix_ms, sessions.session LIMIT ?"
        );
        sqlx::query(sqlx::AssertSqlSafe(query))
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?
            .iter()
            .map(|row| self.waiting_row(row))
            .collect()
    }

    fn waiting_row(&self, row: &SqliteRow) -> Result<Waiting> {
        let bytes: &[u8] = sqlx::Row::try_get(row, "bytes")?;
        let voucher = Voucher::from_signing_bytes(bytes, &self.domain)
            .map_err(|_| Error::Corrupt { column: "bytes" })?;
        Ok(Waiting {
            app: row::array(row, "app")?,
            node: row::array(row, "node")?,
            voucher,
            voucher_hash: row::array(row, "newest")?,
            settled_micro_usdc: row::unsigned(row, "settled_micro_usdc")?,
            under_way_micro_usdc: row::unsigned(row, "under_way")?,
            since_unix_ms: row::unsigned(row, "waiting_since_unix_ms")?,
        })
    }

    /// Records what the chain has settled, by session; a lower total than before is old news.
    pub async fn record_settled_totals(&self, totals: &[(Address, u64)]) -> Result<()> {
        let mut tx = self.begin().await?;
        for (session, settled) in totals {
            sqlx::query(
                "UPDATE sessions SET settled_micro_usdc = MAX(settled_micro_usdc, ?)
                WHERE session = ?",
            )
            .bind(row::to_integer("settled total", *settled)?)
            .bind(session.as_slice())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes that nothing of a session can be paid any more: it waits for no batch.
    pub async fn mark_session_over(&self, session: &Address) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE sessions SET over = 1 WHERE session = ?")
            .bind(session.as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn record_voucher(
    connection: &mut SqliteConnection,
    collected: &Collected,
    now_unix_ms: u64,
) -> Result<()> {
    let Collected { app, node, voucher, signed } = collected;
    let now = row::to_integer("time", now_unix_ms)?;
    let cumulative = row::to_integer("cumulative amount", voucher.cumulative_micro_usdc)?;
    let query = format!(
        "SELECT newest_micro_usdc, settled_micro_usdc, {UNDER_WAY} AS under_way
        FROM sessions WHERE session = ?"
    );
    let known = sqlx::query(sqlx::AssertSqlSafe(query))
        .bind(voucher.session.as_slice())
        .fetch_optional(&mut *connection)
        .await?;
    // Whether the session begins to wait with this voucher; else it has waited before.
    let begins = match &known {
        None => true,
        Some(row) => {
            let newest = row::unsigned(row, "newest_micro_usdc")?;
            if voucher.cumulative_micro_usdc <= newest {
                return Ok(());
            }
            newest
                <= row::unsigned(row, "settled_micro_usdc")?.max(row::unsigned(row, "under_way")?)
        }
    };
    let hash = signed.hash();
    sqlx::query(
        "INSERT INTO vouchers (
            hash, session, bytes, public_key, signature, cumulative_micro_usdc,
            collected_at_unix_ms
        ) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(hash.as_slice())
    .bind(voucher.session.as_slice())
    .bind(signed.bytes.as_slice())
    .bind(signed.public_key.as_slice())
    .bind(signed.signature.as_slice())
    .bind(cumulative)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO sessions (session, app, node, newest, newest_micro_usdc, waiting_since_unix_ms)
        VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (session) DO UPDATE SET
            newest = excluded.newest, newest_micro_usdc = excluded.newest_micro_usdc,
            waiting_since_unix_ms = CASE WHEN ? THEN excluded.waiting_since_unix_ms
                ELSE waiting_since_unix_ms END",
    )
    .bind(voucher.session.as_slice())
    .bind(app.as_slice())
    .bind(node.as_slice())
    .bind(hash.as_slice())
    .bind(cumulative)
    .bind(now)
    .bind(begins)
    .execute(&mut *connection)
    .await?;
    Ok(())
}
