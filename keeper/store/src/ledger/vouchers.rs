//! Vouchers: what the app has promised to pay.

use super::sessions::known_session;
use super::{Ledger, Written, row};
use crate::{Error, Result};
use heliograph_protocol::Address;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::hash::Hash;
use heliograph_protocol::voucher::Voucher;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

/// A voucher in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedVoucher {
    /// What it says.
    pub voucher: Voucher,
    /// Its bytes and signature, as the settlement program needs them.
    pub signed: Signed,
}

impl Ledger {
    /// Records a voucher that the app has sent.
    ///
    /// It must be signed by the session's voucher signer and answer a recorded receipt in full:
    /// same channel, ordinal, hash and cumulative amount. Cumulative amounts therefore never
    /// shrink from one voucher to a later one. A voucher for an older receipt may come late.
    /// Another valid signature over a recorded voucher is [`Written::Already`]; the first is kept.
    pub async fn record_voucher(&self, signed: &Signed, now_unix_ms: u64) -> Result<Written> {
        let voucher: Voucher = self.verified(signed)?;
        let now = row::to_integer("time", now_unix_ms)?;
        let Voucher { session, sequence, .. } = voucher;

        let mut tx = self.write().await?;
        let stored = known_session(&mut tx, &session).await?;
        if signed.public_key != stored.session.voucher_signer {
            return Err(Error::WrongSigner { session });
        }
        let answers = answered(&mut tx, &voucher).await?;
        if voucher.channel != stored.session.terms.channel || !answers {
            return Err(Error::UnknownReceipt { session, sequence });
        }
        if voucher_in(&mut tx, &session, sequence).await?.is_some() {
            // Channel, amount and receipt hash follow from the receipt: it says the same.
            return Ok(Written::Already);
        }
        let cumulative = row::to_integer("cumulative amount", voucher.cumulative_micro_usdc)?;
        sqlx::query(
            "INSERT INTO vouchers (
                session, sequence, hash, bytes, public_key, signature, cumulative_micro_usdc,
                created_at_unix_ms
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(session.as_slice())
        .bind(i64::from(sequence))
        .bind(signed.hash().as_slice())
        .bind(signed.bytes.as_slice())
        .bind(signed.public_key.as_slice())
        .bind(signed.signature.as_slice())
        .bind(cumulative)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE sessions SET vouchered_micro_usdc = MAX(vouchered_micro_usdc, ?)
            WHERE session = ?",
        )
        .bind(cumulative)
        .bind(session.as_slice())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Written::New)
    }

    /// The voucher of this session for the receipt `sequence`.
    pub async fn voucher(
        &self,
        session: &Address,
        sequence: u32,
    ) -> Result<Option<RecordedVoucher>> {
        let row = voucher_in(&mut *self.reader.acquire().await?, session, sequence).await?;
        row.map(|row| recorded_voucher(&row, &self.domain)).transpose()
    }

    /// The session's voucher for its latest answered receipt: the one worth bringing on chain.
    pub async fn newest_voucher(&self, session: &Address) -> Result<Option<RecordedVoucher>> {
        let row =
            sqlx::query("SELECT * FROM vouchers WHERE session = ? ORDER BY sequence DESC LIMIT 1")
                .bind(session.as_slice())
                .fetch_optional(&self.reader)
                .await?;
        row.map(|row| recorded_voucher(&row, &self.domain)).transpose()
    }

    /// Vouchers not yet marked as archived, oldest first, at most `limit`.
    pub async fn unarchived_vouchers(&self, limit: u32) -> Result<Vec<Signed>> {
        sqlx::query("SELECT * FROM vouchers WHERE archived = 0 ORDER BY created_at_unix_ms LIMIT ?")
            .bind(i64::from(limit))
            .fetch_all(&self.reader)
            .await?
            .iter()
            .map(row::signed)
            .collect()
    }

    /// Notes that the archive has the voucher of this hash.
    pub async fn mark_voucher_archived(&self, hash: &Hash) -> Result<()> {
        let mut tx = self.write().await?;
        sqlx::query("UPDATE vouchers SET archived = 1 WHERE hash = ?")
            .bind(hash.as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(())
    }
}

/// A session's newest voucher with the receipt it answers, and when it came: for whoever collects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewestVoucher {
    /// Where it stands among all vouchers of the ledger, in the order they came.
    pub position: u64,
    /// The voucher.
    pub signed: Signed,
    /// The receipt that it names, with its records.
    pub receipt: ArchivedReceipt,
}

impl Ledger {
    /// Newest vouchers of sessions with money to collect that came after `position`, in the order
    /// they came, at most `limit`. Positions only grow: vouchers stay.
    pub async fn newest_vouchers(
        &self,
        position: u64,
        now_unix_secs: u64,
        limit: u32,
    ) -> Result<Vec<NewestVoucher>> {
        let rows = sqlx::query(
            "SELECT vouchers.rowid AS position, vouchers.bytes, vouchers.public_key,
                vouchers.signature, vouchers.session, vouchers.sequence
            FROM vouchers JOIN sessions USING (session)
            WHERE vouchers.rowid > ? AND sessions.redeemable_until_unix_secs >= ?
                AND sessions.vouchered_micro_usdc > sessions.settled_micro_usdc
                AND sequence = (
                    SELECT MAX(sequence) FROM vouchers AS others
                    WHERE others.session = vouchers.session
                )
            ORDER BY vouchers.rowid LIMIT ?",
        )
        .bind(row::to_integer("position", position)?)
        .bind(row::to_integer("time", now_unix_secs)?)
        .bind(i64::from(limit))
        .fetch_all(&self.reader)
        .await?;
        let mut newest = Vec::with_capacity(rows.len());
        for row in &rows {
            let session = row::array(row, "session")?;
            let sequence = row::sequence(row, "sequence")?;
            // It is there: the voucher's foreign key names it.
            let receipt = self
                .receipt(&session, sequence)
                .await?
                .ok_or(Error::Corrupt { column: "sequence" })?;
            let position = row::unsigned(row, "position")?;
            newest.push(NewestVoucher { position, signed: row::signed(row)?, receipt });
        }
        Ok(newest)
    }

    /// The position of the voucher that came last; 0 if there is none.
    pub async fn newest_position(&self) -> Result<u64> {
        let row = sqlx::query("SELECT COALESCE(MAX(rowid), 0) AS position FROM vouchers")
            .fetch_one(&self.reader)
            .await?;
        row::unsigned(&row, "position")
    }
}

/// Whether the receipt that the voucher names is recorded with the voucher's hash and amount.
async fn answered(connection: &mut SqliteConnection, voucher: &Voucher) -> Result<bool> {
    let row = sqlx::query(
        "SELECT hash, cumulative_micro_usdc FROM receipts WHERE session = ? AND sequence = ?",
    )
    .bind(voucher.session.as_slice())
    .bind(i64::from(voucher.sequence))
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(false) };
    Ok(row::array(&row, "hash")? == voucher.receipt_hash
        && row::unsigned(&row, "cumulative_micro_usdc")? == voucher.cumulative_micro_usdc)
}

async fn voucher_in(
    connection: &mut SqliteConnection,
    session: &Address,
    sequence: u32,
) -> Result<Option<SqliteRow>> {
    Ok(sqlx::query("SELECT * FROM vouchers WHERE session = ? AND sequence = ?")
        .bind(session.as_slice())
        .bind(i64::from(sequence))
        .fetch_optional(connection)
        .await?)
}

pub fn recorded_voucher(row: &SqliteRow, domain: &Domain) -> Result<RecordedVoucher> {
    let signed = row::signed(row)?;
    let voucher = Voucher::from_signing_bytes(&signed.bytes, domain)
        .map_err(|_| Error::Corrupt { column: "bytes" })?;
    Ok(RecordedVoucher { voucher, signed })
}
