//! Batches: written before they are sent, kept until nobody can ask for them.
//!
//! ```text
//! written ─→ posted ─→ done     every leaf is settled, or can be paid no more
//!    │          └────→ void     a challenge has failed: its leaves wait again
//!    └─────→ lost               another batch took the minute or a later one: its leaves wait again
//! ```

use super::Batches;
use crate::ledger::row;
use crate::{Error, Result, Written};
use heliograph_protocol::batch::{self, BatchHeader, Leaf};
use heliograph_protocol::hash::Hash;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use std::ops::Range;

/// How far a batch has come; the diagram at the top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BatchState {
    /// Perhaps sent, perhaps on chain.
    Written,
    /// On chain.
    Posted,
    /// Can no longer come on chain.
    Lost,
    /// On chain, and pays nothing more.
    Void,
    /// Nothing is left to claim.
    Done,
}

impl BatchState {
    const ALL: [Self; 5] = [Self::Written, Self::Posted, Self::Lost, Self::Void, Self::Done];

    /// The word for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Written => "written",
            Self::Posted => "posted",
            Self::Lost => "lost",
            Self::Void => "void",
            Self::Done => "done",
        }
    }

    const fn may_become(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::Written, Self::Posted | Self::Lost) | (Self::Posted, Self::Void | Self::Done)
        )
    }
}

impl std::fmt::Display for BatchState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A batch in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// What is or was to be posted.
    pub header: BatchHeader,
    /// How far it has come.
    pub state: BatchState,
    /// When it was written.
    pub created_at_unix_ms: u64,
}

/// A leaf and what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredLeaf {
    /// What the batch says.
    pub leaf: Leaf,
    /// The voucher that answers for it.
    pub voucher_hash: Hash,
}

impl Batches {
    /// Writes a batch; only after `Ok` may it be sent.
    ///
    /// Refuses a minute that is not after the newest one written, leaves that are not those of the
    /// header, and leaves whose voucher is not recorded.
    pub async fn write(
        &self,
        header: &BatchHeader,
        leaves: &[StoredLeaf],
        now_unix_ms: u64,
    ) -> Result<()> {
        let only: Vec<Leaf> = leaves.iter().map(|stored| stored.leaf).collect();
        let fits = header.settler == self.keeper
            && usize::try_from(header.count) == Ok(only.len())
            && !only.is_empty()
            && batch::is_sorted(&only)
            && batch::root(&only) == header.root;
        if !fits {
            return Err(Error::BatchMalformed);
        }
        let minute = row::to_integer("minute", header.minute_index)?;
        let now = row::to_integer("time", now_unix_ms)?;
        let mut tx = self.begin().await?;
        if let Some(newest) = newest_minute(&mut tx).await?.filter(|n| *n >= header.minute_index) {
            return Err(Error::MinuteWritten { minute_index: header.minute_index, newest });
        }
        sqlx::query(
            "INSERT INTO batches (
                minute_index, root, count, total_micro_usdc, state, created_at_unix_ms,
                updated_at_unix_ms
            ) VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(minute)
        .bind(header.root.as_slice())
        .bind(i64::from(header.count))
        .bind(row::to_integer("total", header.total_micro_usdc)?)
        .bind(BatchState::Written.word())
        .bind(now)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        for (position, stored) in (0i64..).zip(leaves) {
            let Leaf { app, node, session, cumulative_micro_usdc, evidence } = &stored.leaf;
            sqlx::query(
                "INSERT INTO leaves (
                    minute_index, position, app, node, session, cumulative_micro_usdc, evidence,
                    voucher
                ) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(minute)
            .bind(position)
            .bind(app.as_slice())
            .bind(node.as_slice())
            .bind(session.as_slice())
            .bind(row::to_integer("cumulative amount", *cumulative_micro_usdc)?)
            .bind(evidence.as_slice())
            .bind(stored.voucher_hash.as_slice())
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Notes what became of a batch.
    pub async fn decide(
        &self,
        minute_index: u64,
        to: BatchState,
        now_unix_ms: u64,
    ) -> Result<Written> {
        let now = row::to_integer("time", now_unix_ms)?;
        let minute = row::to_integer("minute", minute_index)?;
        let mut tx = self.begin().await?;
        let from = sqlx::query("SELECT * FROM batches WHERE minute_index = ?")
            .bind(minute)
            .fetch_optional(&mut *tx)
            .await?
            .map(|row| state_of(&row))
            .transpose()?
            .ok_or(Error::UnknownBatch(minute_index))?;
        if from == to {
            return Ok(Written::Already);
        }
        if !from.may_become(to) {
            return Err(Error::BatchDecided { minute_index, from, to });
        }
        sqlx::query("UPDATE batches SET state = ?, updated_at_unix_ms = ? WHERE minute_index = ?")
            .bind(to.word())
            .bind(now)
            .bind(minute)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Written::New)
    }

    /// The batch of a minute.
    pub async fn batch(&self, minute_index: u64) -> Result<Option<Batch>> {
        let minute = row::to_integer("minute", minute_index)?;
        sqlx::query("SELECT * FROM batches WHERE minute_index = ?")
            .bind(minute)
            .fetch_optional(&self.reader)
            .await?
            .map(|row| self.batch_row(&row))
            .transpose()
    }

    /// Batches in `state`, oldest first.
    pub async fn batches_in(&self, state: BatchState) -> Result<Vec<Batch>> {
        sqlx::query("SELECT * FROM batches WHERE state = ? ORDER BY minute_index")
            .bind(state.word())
            .fetch_all(&self.reader)
            .await?
            .iter()
            .map(|row| self.batch_row(row))
            .collect()
    }

    /// The newest minute written.
    pub async fn newest_minute(&self) -> Result<Option<u64>> {
        newest_minute(&mut *self.reader.acquire().await?).await
    }

    /// Leaves of a batch by their positions; those that do not exist are left out.
    pub async fn leaves(&self, minute_index: u64, range: Range<u32>) -> Result<Vec<StoredLeaf>> {
        let rows = sqlx::query(
            "SELECT * FROM leaves WHERE minute_index = ? AND position >= ? AND position < ?
            ORDER BY position",
        )
        .bind(row::to_integer("minute", minute_index)?)
        .bind(i64::from(range.start))
        .bind(i64::from(range.end))
        .fetch_all(&self.reader)
        .await?;
        rows.iter().map(leaf_row).collect()
    }

    /// Forgets batches that are lost, void or done and before `minute_index`, and vouchers that
    /// neither a batch nor a session needs any more. For minutes that nobody can dispute; the
    /// archive keeps what is forgotten here.
    pub async fn forget_before(&self, minute_index: u64) -> Result<u64> {
        let minute = row::to_integer("minute", minute_index)?;
        let mut tx = self.begin().await?;
        // The newest row stays: it is what keeps a minute from being written again.
        let over = "SELECT minute_index FROM batches WHERE minute_index < ?
            AND state IN ('lost', 'void', 'done')
            AND minute_index < (SELECT MAX(minute_index) FROM batches)";
        let leaves = format!("DELETE FROM leaves WHERE minute_index IN ({over})");
        sqlx::query(sqlx::AssertSqlSafe(leaves)).bind(minute).execute(&mut *tx).await?;
        let batches = format!("DELETE FROM batches WHERE minute_index IN ({over})");
        let forgotten =
            sqlx::query(sqlx::AssertSqlSafe(batches)).bind(minute).execute(&mut *tx).await?;
        sqlx::query(
            "DELETE FROM vouchers WHERE hash NOT IN (SELECT voucher FROM leaves)
                AND hash NOT IN (SELECT newest FROM sessions)",
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(forgotten.rows_affected())
    }

    fn batch_row(&self, row: &SqliteRow) -> Result<Batch> {
        let header = BatchHeader {
            settler: self.keeper,
            minute_index: row::unsigned(row, "minute_index")?,
            root: row::array(row, "root")?,
            count: row::sequence(row, "count")?,
            total_micro_usdc: row::unsigned(row, "total_micro_usdc")?,
        };
        let created_at_unix_ms = row::unsigned(row, "created_at_unix_ms")?;
        Ok(Batch { header, state: state_of(row)?, created_at_unix_ms })
    }
}

async fn newest_minute(connection: &mut SqliteConnection) -> Result<Option<u64>> {
    let row = sqlx::query("SELECT MAX(minute_index) AS newest FROM batches")
        .fetch_one(connection)
        .await?;
    row::optional_unsigned(&row, "newest")
}

fn state_of(row: &SqliteRow) -> Result<BatchState> {
    let word: &str = row.try_get("state")?;
    BatchState::ALL
        .into_iter()
        .find(|state| state.word() == word)
        .ok_or(Error::Corrupt { column: "state" })
}

fn leaf_row(row: &SqliteRow) -> Result<StoredLeaf> {
    let leaf = Leaf {
        app: row::array(row, "app")?,
        node: row::array(row, "node")?,
        session: row::array(row, "session")?,
        cumulative_micro_usdc: row::unsigned(row, "cumulative_micro_usdc")?,
        evidence: row::array(row, "evidence")?,
    };
    Ok(StoredLeaf { leaf, voucher_hash: row::array(row, "voucher")? })
}
