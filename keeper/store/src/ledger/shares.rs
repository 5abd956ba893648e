//! Shares: what a receipt's usage consists of, until the app has answered the receipt.

use super::Ledger;
use crate::{Error, Result};
use heliograph_protocol::Address;
use sqlx::Row;

impl Ledger {
    /// Keeps the shares of a receipt that is about to be recorded: a receipt is offered with them,
    /// also after a restart. Shares of a receipt that was never recorded are replaced; those of one
    /// that was are final: [`Error::Equivocation`].
    pub async fn record_shares(
        &self,
        session: &Address,
        sequence: u32,
        bytes: &[u8],
    ) -> Result<()> {
        let mut tx = self.write().await?;
        let written = sqlx::query(
            "INSERT OR REPLACE INTO shares (session, sequence, bytes)
             SELECT ?1, ?2, ?3 WHERE NOT EXISTS (
                SELECT 1 FROM receipts WHERE session = ?1 AND sequence = ?2
             )",
        )
        .bind(session.as_slice())
        .bind(i64::from(sequence))
        .bind(bytes)
        .execute(&mut *tx)
        .await?;
        if written.rows_affected() == 0 {
            return Err(Error::Equivocation { session: *session, sequence });
        }
        tx.commit().await?;
        Ok(())
    }

    /// The shares of a receipt without a voucher; `None` if none were kept.
    pub async fn shares(&self, session: &Address, sequence: u32) -> Result<Option<Vec<u8>>> {
        let row = sqlx::query("SELECT bytes FROM shares WHERE session = ? AND sequence = ?")
            .bind(session.as_slice())
            .bind(i64::from(sequence))
            .fetch_optional(&self.reader)
            .await?;
        row.map(|row| Ok(row.try_get("bytes")?)).transpose()
    }
}
