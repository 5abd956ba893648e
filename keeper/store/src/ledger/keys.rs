//! Session keys: what each has bought and what it was charged.

use super::{Ledger, row};
use crate::{Error, Result};
use heliograph_protocol::Address;
use sqlx::Row;

/// A key as the ledger knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyState {
    /// Seconds bought in all.
    pub bought_secs: u32,
    /// The key that says so, as its issuer signed it.
    pub token: String,
    /// Seconds that receipts charge.
    pub used_secs: u32,
    /// Up to where the key's audio is charged, in samples.
    pub end_sample: u64,
}

/// A minute of a key that a receipt is about to charge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyCharge {
    /// The session.
    pub session: Address,
    /// The receipt's ordinal.
    pub sequence: u32,
    /// The key's id.
    pub id: String,
    /// Seconds charged, 1 to 60.
    pub secs: u32,
    /// Up to where the key's audio is then charged.
    pub end_sample: u64,
}

impl Ledger {
    /// Records a key that was presented, and returns how it stands. The token that buys the most
    /// counts, whatever was presented before or comes later.
    pub async fn record_key(
        &self,
        session: &Address,
        id: &str,
        bought_secs: u32,
        token: &str,
    ) -> Result<KeyState> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO session_keys (session, id, bought_secs, token) VALUES (?, ?, ?, ?)
             ON CONFLICT (session, id) DO UPDATE
                SET bought_secs = excluded.bought_secs, token = excluded.token
                WHERE excluded.bought_secs > session_keys.bought_secs",
        )
        .bind(session.as_slice())
        .bind(id)
        .bind(i64::from(bought_secs))
        .bind(token)
        .execute(&mut *tx)
        .await?;
        // Minutes without a receipt were never signed.
        let found = sqlx::query(
            "SELECT k.bought_secs, k.token, COALESCE(SUM(m.secs), 0) AS used_secs,
                    COALESCE(MAX(m.end_sample), 0) AS end_sample
             FROM session_keys k
             LEFT JOIN (
                SELECT minutes.* FROM key_minutes minutes
                JOIN receipts USING (session, sequence)
             ) m ON m.session = k.session AND m.id = k.id
             WHERE k.session = ? AND k.id = ?",
        )
        .bind(session.as_slice())
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        let secs = |column: &'static str| {
            let secs = row::unsigned(&found, column)?;
            u32::try_from(secs).map_err(|_| Error::Corrupt { column })
        };
        Ok(KeyState {
            bought_secs: secs("bought_secs")?,
            token: found.try_get("token")?,
            used_secs: secs("used_secs")?,
            end_sample: row::unsigned(&found, "end_sample")?,
        })
    }

    /// Keeps whose minute a receipt charges that is about to be recorded. It counts once the receipt
    /// is there; one of a receipt that was never recorded is replaced.
    pub async fn record_key_charge(&self, charge: &KeyCharge) -> Result<()> {
        let end = row::to_integer("end of the audio", charge.end_sample)?;
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO key_minutes (session, sequence, id, secs, end_sample)
             VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (session, sequence) DO UPDATE
                SET id = excluded.id, secs = excluded.secs, end_sample = excluded.end_sample",
        )
        .bind(charge.session.as_slice())
        .bind(i64::from(charge.sequence))
        .bind(&charge.id)
        .bind(i64::from(charge.secs))
        .bind(end)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }
}
