//! Receipts: every minute the node has signed, once.

use super::sessions::{SessionState, known_session};
use super::{Ledger, Written, row};
use crate::{Error, Result, to_borsh};
use heliograph_protocol::Address;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::receipt::{Receipt, Tip};
use heliograph_protocol::record::records_root;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

impl Ledger {
    /// Records a signed receipt; only after `Ok` may it leave the node.
    ///
    /// It must follow from the session's terms and last receipt ([`Receipt::check`]: next ordinal,
    /// hash chain, price, sum, cap), carry a signature that verifies, and have the count and root
    /// of the records beside it. The very same receipt again is [`Written::Already`]; any other
    /// for a sequence that is taken is [`Error::Equivocation`] and must be forgotten.
    pub async fn record_receipt(
        &self,
        archived: &ArchivedReceipt,
        now_unix_ms: u64,
    ) -> Result<Written> {
        let receipt: Receipt = self.verified(&archived.signed)?;
        let now = row::to_integer("time", now_unix_ms)?;
        let Receipt { session, sequence, .. } = receipt;

        let mut tx = self.write().await?;
        if let Some(recorded) = receipt_in(&mut tx, &session, sequence).await? {
            return if recorded == *archived {
                Ok(Written::Already)
            } else {
                Err(Error::Equivocation { session, sequence })
            };
        }
        let stored = known_session(&mut tx, &session).await?;
        if stored.state == SessionState::Closed {
            return Err(Error::SessionClosed { session });
        }
        let tip = tip_in(&mut tx, &session, &self.domain).await?;
        receipt.check(&stored.session.terms, tip.as_ref())?;
        if usize::try_from(receipt.records_count) != Ok(archived.records.len())
            || receipt.records_root != records_root(&archived.records)
        {
            return Err(Error::RecordsRoot);
        }
        let cumulative = row::to_integer("cumulative amount", receipt.cumulative_micro_usdc)?;
        sqlx::query(
            "INSERT INTO receipts (
                session, sequence, hash, bytes, public_key, signature, cumulative_micro_usdc,
                records, created_at_unix_ms
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(session.as_slice())
        .bind(i64::from(sequence))
        .bind(archived.signed.hash().as_slice())
        .bind(archived.signed.bytes.as_slice())
        .bind(archived.signed.public_key.as_slice())
        .bind(archived.signed.signature.as_slice())
        .bind(cumulative)
        .bind(to_borsh(&archived.records))
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query("UPDATE sessions SET receipted_micro_usdc = ? WHERE session = ?")
            .bind(cumulative)
            .bind(session.as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Written::New)
    }

    /// The receipt of this session and sequence.
    pub async fn receipt(
        &self,
        session: &Address,
        sequence: u32,
    ) -> Result<Option<ArchivedReceipt>> {
        receipt_in(&mut *self.reader.acquire().await?, session, sequence).await
    }

    /// The session's last receipt, which the next one follows; `None` before the first.
    pub async fn session_tip(&self, session: &Address) -> Result<Option<Tip>> {
        tip_in(&mut *self.reader.acquire().await?, session, &self.domain).await
    }

    /// Receipts after the session's newest voucher, in order: what the app has still to answer,
    /// and what a restarted node sends again.
    pub async fn unvouchered(&self, session: &Address) -> Result<Vec<ArchivedReceipt>> {
        sqlx::query(
            "SELECT * FROM receipts
            WHERE session = ?1 AND sequence > (
                SELECT COALESCE(MAX(sequence), -1) FROM vouchers WHERE session = ?1
            )
            ORDER BY sequence",
        )
        .bind(session.as_slice())
        .fetch_all(&self.reader)
        .await?
        .iter()
        .map(archived_receipt)
        .collect()
    }

    /// Receipts not yet marked as archived, oldest first, at most `limit`.
    pub async fn unarchived_receipts(&self, limit: u32) -> Result<Vec<ArchivedReceipt>> {
        sqlx::query("SELECT * FROM receipts WHERE archived = 0 ORDER BY created_at_unix_ms LIMIT ?")
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?
            .iter()
            .map(archived_receipt)
            .collect()
    }

    /// Notes that the archive has the receipt of this hash.
    pub async fn mark_receipt_archived(&self, hash: &Hash) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE receipts SET archived = 1 WHERE hash = ?")
            .bind(hash.as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

async fn receipt_in(
    connection: &mut SqliteConnection,
    session: &Address,
    sequence: u32,
) -> Result<Option<ArchivedReceipt>> {
    sqlx::query("SELECT * FROM receipts WHERE session = ? AND sequence = ?")
        .bind(session.as_slice())
        .bind(i64::from(sequence))
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(archived_receipt)
        .transpose()
}

async fn tip_in(
    connection: &mut SqliteConnection,
    session: &Address,
    domain: &Domain,
) -> Result<Option<Tip>> {
    let row = sqlx::query(
        "SELECT bytes, hash FROM receipts WHERE session = ? ORDER BY sequence DESC LIMIT 1",
    )
    .bind(session.as_slice())
    .fetch_optional(connection)
    .await?;
    row.map(|row| {
        let receipt = Receipt::from_signing_bytes(row.try_get("bytes")?, domain)
            .map_err(|_| Error::Corrupt { column: "bytes" })?;
        Ok(receipt.tip(row::array(&row, "hash")?))
    })
    .transpose()
}

fn archived_receipt(row: &SqliteRow) -> Result<ArchivedReceipt> {
    let records = borsh::from_slice(row.try_get("records")?)
        .map_err(|_| Error::Corrupt { column: "records" })?;
    Ok(ArchivedReceipt { signed: row::signed(row)?, records })
}
