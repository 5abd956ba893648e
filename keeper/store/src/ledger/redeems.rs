//! Redeems: attempts to bring a voucher on chain, recorded before they are sent.
//!
//! ```text
//! prepared ─→ sent ─→ confirmed        the chain has it: final
//!     │        ├────→ failed           it landed with an error, or no endpoint takes it
//!     └────────┴────→ expired          its blockhash is too old for it to land
//! failed, expired ──→ confirmed        found on chain after all: the chain is right
//! ```

use super::sessions::{known_session, raise_settled};
use super::vouchers::recorded_voucher;
use super::{Ledger, RecordedVoucher, Written, row};
use crate::{Error, Result};
use heliograph_protocol::Address;
use heliograph_protocol::ed25519::SIGNATURE_LEN;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// Number of a redeem in this ledger, growing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RedeemId(pub i64);

impl std::fmt::Display for RedeemId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a redeem has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedeemState {
    /// Signed and recorded, perhaps not sent.
    Prepared,
    /// Given to the cluster.
    Sent,
    /// On chain, successful.
    Confirmed,
    /// On chain without success, or refused.
    Failed,
    /// Can no longer land.
    Expired,
}

impl RedeemState {
    const ALL: [Self; 5] =
        [Self::Prepared, Self::Sent, Self::Confirmed, Self::Failed, Self::Expired];

    const fn word(self) -> &'static str {
        match self {
            Self::Prepared => "prepared",
            Self::Sent => "sent",
            Self::Confirmed => "confirmed",
            Self::Failed => "failed",
            Self::Expired => "expired",
        }
    }

    /// Whether the transition exists; the diagram at the top.
    const fn may_become(self, to: Self) -> bool {
        match self {
            Self::Prepared => !matches!(to, Self::Prepared),
            Self::Sent => matches!(to, Self::Confirmed | Self::Failed | Self::Expired),
            Self::Failed | Self::Expired => matches!(to, Self::Confirmed),
            Self::Confirmed => false,
        }
    }
}

impl std::fmt::Display for RedeemState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.word())
    }
}

/// A redeem about to be sent. A transaction that brings vouchers of several sessions is one
/// redeem for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRedeem {
    /// Session whose voucher is brought.
    pub session: Address,
    /// The voucher's ordinal.
    pub sequence: u32,
    /// First signature of the transaction: its name on chain.
    pub tx_signature: [u8; SIGNATURE_LEN],
    /// The signed transaction as it will be sent.
    pub tx: Vec<u8>,
    /// Block height after which the transaction's blockhash is too old.
    pub last_valid_block_height: u64,
}

/// A redeem in the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redeem {
    /// Its number.
    pub id: RedeemId,
    /// Session whose voucher is brought.
    pub session: Address,
    /// The voucher's ordinal.
    pub sequence: u32,
    /// The voucher's cumulative amount.
    pub cumulative_micro_usdc: u64,
    /// First signature of the transaction.
    pub tx_signature: [u8; SIGNATURE_LEN],
    /// The signed transaction.
    pub tx: Vec<u8>,
    /// Block height after which the transaction's blockhash is too old.
    pub last_valid_block_height: u64,
    /// How far it has come.
    pub state: RedeemState,
    /// Where the transaction landed.
    pub slot: Option<u64>,
    /// The session's settled total after it; below `cumulative_micro_usdc` if the escrow fell
    /// short.
    pub settled_micro_usdc: Option<u64>,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was recorded.
    pub created_at_unix_ms: u64,
    /// When its state last changed.
    pub updated_at_unix_ms: u64,
}

/// A session whose newest voucher is worth more than the chain has settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsettledSession {
    /// The voucher to bring.
    pub newest: RecordedVoucher,
    /// What the chain has settled.
    pub settled_micro_usdc: u64,
    /// When the first voucher came that promises more than is settled.
    pub since_unix_ms: u64,
    /// Unix time after which no voucher is paid.
    pub redeemable_until_unix_secs: u64,
    /// A redeem that is not decided yet.
    pub pending: Option<RedeemId>,
}

/// What became of a transaction, and what is known of it.
struct Outcome<'a> {
    to: RedeemState,
    slot: Option<u64>,
    settled_micro_usdc: Option<u64>,
    error: Option<&'a str>,
}

impl Ledger {
    /// Sessions with money to collect, those whose time runs out first at the front.
    pub async fn unsettled_sessions(&self) -> Result<Vec<UnsettledSession>> {
        let rows = sqlx::query(
            "SELECT vouchers.*, sessions.settled_micro_usdc, sessions.redeemable_until_unix_secs,
                (SELECT id FROM redeems WHERE redeems.session = sessions.session
                    AND redeems.state IN ('prepared', 'sent')) AS pending,
                (SELECT MIN(created_at_unix_ms) FROM vouchers AS unpaid
                    WHERE unpaid.session = sessions.session
                    AND unpaid.cumulative_micro_usdc > sessions.settled_micro_usdc) AS since
            FROM sessions JOIN vouchers ON vouchers.session = sessions.session
                AND vouchers.sequence = (
                    SELECT MAX(sequence) FROM vouchers WHERE session = sessions.session
                )
            WHERE sessions.vouchered_micro_usdc > sessions.settled_micro_usdc
            ORDER BY sessions.redeemable_until_unix_secs, sessions.session",
        )
        .fetch_all(&self.reader)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(UnsettledSession {
                    newest: recorded_voucher(row, &self.domain)?,
                    settled_micro_usdc: row::unsigned(row, "settled_micro_usdc")?,
                    since_unix_ms: row::unsigned(row, "since")?,
                    redeemable_until_unix_secs: row::unsigned(row, "redeemable_until_unix_secs")?,
                    pending: row.try_get::<Option<i64>, _>("pending")?.map(RedeemId),
                })
            })
            .collect()
    }

    /// Records a signed transaction; only after `Ok` may it be sent, so that a node killed in
    /// between looks for it instead of paying for another.
    ///
    /// Refuses a voucher that is unknown or settled, and a second redeem of a session while one is
    /// undecided. The same session and transaction again gives the same number.
    pub async fn record_redeem_prepared(
        &self,
        redeem: &NewRedeem,
        now_unix_ms: u64,
    ) -> Result<RedeemId> {
        let NewRedeem { session, sequence, .. } = *redeem;
        let now = row::to_integer("time", now_unix_ms)?;
        let height = row::to_integer("block height", redeem.last_valid_block_height)?;
        let mut tx = self.write().await?;
        let same = sqlx::query("SELECT id FROM redeems WHERE session = ? AND tx_signature = ?")
            .bind(session.as_slice())
            .bind(redeem.tx_signature.as_slice())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = same {
            return Ok(RedeemId(row.try_get("id")?));
        }
        let settled = known_session(&mut tx, &session).await?.settled_micro_usdc;
        let cumulative = sqlx::query(
            "SELECT cumulative_micro_usdc FROM vouchers WHERE session = ? AND sequence = ?",
        )
        .bind(session.as_slice())
        .bind(i64::from(sequence))
        .fetch_optional(&mut *tx)
        .await?
        .ok_or(Error::UnknownVoucher { session, sequence })?;
        let cumulative = row::unsigned(&cumulative, "cumulative_micro_usdc")?;
        if cumulative <= settled {
            return Err(Error::NothingToRedeem { session });
        }
        if let Some(pending) = pending_in(&mut tx, &session).await? {
            return Err(Error::RedeemPending { session, pending });
        }
        let inserted = sqlx::query(
            "INSERT INTO redeems (
                session, sequence, cumulative_micro_usdc, tx_signature, tx,
                last_valid_block_height, state, created_at_unix_ms, updated_at_unix_ms
            ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(session.as_slice())
        .bind(i64::from(sequence))
        .bind(row::to_integer("cumulative amount", cumulative)?)
        .bind(redeem.tx_signature.as_slice())
        .bind(redeem.tx.as_slice())
        .bind(height)
        .bind(RedeemState::Prepared.word())
        .bind(now)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(RedeemId(inserted.last_insert_rowid()))
    }

    /// Notes that the cluster was given the transaction.
    pub async fn mark_redeem_sent(&self, id: RedeemId, now_unix_ms: u64) -> Result<Written> {
        let to = RedeemState::Sent;
        self.decide(
            id,
            Outcome { to, slot: None, settled_micro_usdc: None, error: None },
            now_unix_ms,
        )
        .await
    }

    /// Notes that the transaction is on chain and successful, and what the session has settled in
    /// all since then: the chain's total, which falls short of the voucher if the escrow did.
    pub async fn mark_redeem_confirmed(
        &self,
        id: RedeemId,
        slot: u64,
        settled_micro_usdc: u64,
        now_unix_ms: u64,
    ) -> Result<Written> {
        let outcome = Outcome {
            to: RedeemState::Confirmed,
            slot: Some(slot),
            settled_micro_usdc: Some(settled_micro_usdc),
            error: None,
        };
        self.decide(id, outcome, now_unix_ms).await
    }

    /// Notes that the transaction landed in `slot` with an error, or was refused for good.
    pub async fn mark_redeem_failed(
        &self,
        id: RedeemId,
        slot: Option<u64>,
        error: &str,
        now_unix_ms: u64,
    ) -> Result<Written> {
        let to = RedeemState::Failed;
        let outcome = Outcome { to, slot, settled_micro_usdc: None, error: Some(error) };
        self.decide(id, outcome, now_unix_ms).await
    }

    /// Notes that the transaction was not found and its blockhash is too old for it to land.
    pub async fn mark_redeem_expired(&self, id: RedeemId, now_unix_ms: u64) -> Result<Written> {
        let to = RedeemState::Expired;
        self.decide(
            id,
            Outcome { to, slot: None, settled_micro_usdc: None, error: None },
            now_unix_ms,
        )
        .await
    }

    /// Redeems whose outcome is unknown, oldest first: to be looked up before anything new is sent.
    pub async fn pending_redeems(&self) -> Result<Vec<Redeem>> {
        sqlx::query("SELECT * FROM redeems WHERE state IN ('prepared', 'sent') ORDER BY id")
            .fetch_all(&self.reader)
            .await?
            .iter()
            .map(redeem)
            .collect()
    }

    /// All redeems of a session, oldest first.
    pub async fn redeems(&self, session: &Address) -> Result<Vec<Redeem>> {
        sqlx::query("SELECT * FROM redeems WHERE session = ? ORDER BY id")
            .bind(session.as_slice())
            .fetch_all(&self.reader)
            .await?
            .iter()
            .map(redeem)
            .collect()
    }

    async fn decide(
        &self,
        id: RedeemId,
        outcome: Outcome<'_>,
        now_unix_ms: u64,
    ) -> Result<Written> {
        let now = row::to_integer("time", now_unix_ms)?;
        let slot = outcome.slot.map(|slot| row::to_integer("slot", slot)).transpose()?;
        let settled = outcome.settled_micro_usdc;
        let settled_integer =
            settled.map(|settled| row::to_integer("settled total", settled)).transpose()?;
        let to = outcome.to;

        let mut tx = self.write().await?;
        let row = sqlx::query("SELECT * FROM redeems WHERE id = ?")
            .bind(id.0)
            .fetch_optional(&mut *tx)
            .await?
            .ok_or(Error::UnknownRedeem(id))?;
        let recorded = redeem(&row)?;
        let from = recorded.state;
        if from == to
            && recorded.slot == outcome.slot
            && recorded.settled_micro_usdc == settled
            && recorded.error.as_deref() == outcome.error
        {
            return Ok(Written::Already);
        }
        if !from.may_become(to) {
            return Err(Error::RedeemDecided { id, from, to });
        }
        if let Some(settled) = settled {
            raise_settled(&mut tx, &recorded.session, settled).await?;
        }
        sqlx::query(
            "UPDATE redeems
            SET state = ?, slot = ?, settled_micro_usdc = ?, error = ?, updated_at_unix_ms = ?
            WHERE id = ?",
        )
        .bind(to.word())
        .bind(slot)
        .bind(settled_integer)
        .bind(outcome.error)
        .bind(now)
        .bind(id.0)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Written::New)
    }
}

async fn pending_in(
    connection: &mut SqliteConnection,
    session: &Address,
) -> Result<Option<RedeemId>> {
    let row =
        sqlx::query("SELECT id FROM redeems WHERE session = ? AND state IN ('prepared', 'sent')")
            .bind(session.as_slice())
            .fetch_optional(connection)
            .await?;
    Ok(row.map(|row| row.try_get("id")).transpose()?.map(RedeemId))
}

fn redeem(row: &SqliteRow) -> Result<Redeem> {
    let word: &str = row.try_get("state")?;
    let state = RedeemState::ALL.into_iter().find(|state| state.word() == word);
    Ok(Redeem {
        id: RedeemId(row.try_get("id")?),
        session: row::array(row, "session")?,
        sequence: row::sequence(row, "sequence")?,
        cumulative_micro_usdc: row::unsigned(row, "cumulative_micro_usdc")?,
        tx_signature: row::array(row, "tx_signature")?,
        tx: row.try_get("tx")?,
        last_valid_block_height: row::unsigned(row, "last_valid_block_height")?,
        state: state.ok_or(Error::Corrupt { column: "state" })?,
        slot: row::optional_unsigned(row, "slot")?,
        settled_micro_usdc: row::optional_unsigned(row, "settled_micro_usdc")?,
        error: row.try_get("error")?,
        created_at_unix_ms: row::unsigned(row, "created_at_unix_ms")?,
        updated_at_unix_ms: row::unsigned(row, "updated_at_unix_ms")?,
    })
}
