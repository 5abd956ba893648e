//! Sessions: what was agreed, and how far receipts, vouchers and the chain have come.

use super::{Ledger, Written, row};
use crate::{Error, Result};
use heliograph_protocol::Address;
use heliograph_protocol::price::Prices;
use heliograph_protocol::receipt::Terms;
use heliograph_protocol::service::ServiceSet;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

/// What a session was opened for, as its account says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// Addresses, kinds, prices and cap: what binds its receipts.
    pub terms: Terms,
    /// The app that pays.
    pub app: Address,
    /// Signs the session's vouchers.
    pub voucher_signer: Address,
    /// Unix time of the opening.
    pub opened_at_unix_secs: u64,
    /// Unix time at which service ends. The app may bring it forward.
    pub expires_at_unix_secs: u64,
    /// Unix time after which no voucher is paid. Comes forward with the expiry.
    pub redeemable_until_unix_secs: u64,
}

impl Session {
    /// Whether both describe the same agreement; times may have come forward meanwhile.
    fn agrees_with(&self, other: &Self) -> bool {
        (self.terms, self.app, self.voucher_signer, self.opened_at_unix_secs)
            == (other.terms, other.app, other.voucher_signer, other.opened_at_unix_secs)
    }
}

/// Whether a session takes receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionState {
    /// Minutes may be recorded.
    Open,
    /// No more minutes; vouchers and redeems go on.
    Closed,
}

impl SessionState {
    const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

/// A session in the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredSession {
    /// What was agreed.
    pub session: Session,
    /// Whether it takes receipts.
    pub state: SessionState,
    /// Cumulative amount of the newest receipt.
    pub receipted_micro_usdc: u64,
    /// Cumulative amount of the newest voucher.
    pub vouchered_micro_usdc: u64,
    /// What the chain has settled, as last told to the ledger. More than the receipts only if the
    /// app has paid more than was asked.
    pub settled_micro_usdc: u64,
}

impl Ledger {
    /// Records a session before its first minute is served.
    ///
    /// A session that is there already must agree in everything but its end; the earlier end
    /// counts, as on chain. Fails with [`Error::SessionConflict`] otherwise.
    pub async fn record_session(&self, session: &Session) -> Result<Written> {
        let Terms { services, prices, cap_micro_usdc, .. } = session.terms;
        let [audio, video, data, transcription] = prices.0;
        let price = |value| row::to_integer("price", value);
        let cap = row::to_integer("cap", cap_micro_usdc)?;
        let opened_at = row::to_integer("opening time", session.opened_at_unix_secs)?;
        let expires_at = row::to_integer("expiry", session.expires_at_unix_secs)?;
        let redeemable_until =
            row::to_integer("redeemable time", session.redeemable_until_unix_secs)?;

        let mut tx = self.write().await?;
        let written = match session_in(&mut tx, &session.terms.session).await? {
            Some(stored) if !stored.session.agrees_with(session) => {
                return Err(Error::SessionConflict { session: session.terms.session });
            }
            Some(_) => {
                sqlx::query(
                    "UPDATE sessions SET
                        expires_at_unix_secs = MIN(expires_at_unix_secs, ?),
                        redeemable_until_unix_secs = MIN(redeemable_until_unix_secs, ?)
                    WHERE session = ?",
                )
                .bind(expires_at)
                .bind(redeemable_until)
                .bind(session.terms.session.as_slice())
                .execute(&mut *tx)
                .await?;
                Written::Already
            }
            None => {
                sqlx::query(
                    "INSERT INTO sessions (
                        session, channel, app, voucher_signer, services, price_audio_micro_usdc,
                        price_video_micro_usdc, price_data_micro_usdc,
                        price_transcription_micro_usdc, cap_micro_usdc, opened_at_unix_secs,
                        expires_at_unix_secs, redeemable_until_unix_secs, state
                    ) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                )
                .bind(session.terms.session.as_slice())
                .bind(session.terms.channel.as_slice())
                .bind(session.app.as_slice())
                .bind(session.voucher_signer.as_slice())
                .bind(i64::from(services.0))
                .bind(price(audio)?)
                .bind(price(video)?)
                .bind(price(data)?)
                .bind(price(transcription)?)
                .bind(cap)
                .bind(opened_at)
                .bind(expires_at)
                .bind(redeemable_until)
                .bind(SessionState::Open.word())
                .execute(&mut *tx)
                .await?;
                Written::New
            }
        };
        tx.commit().await?;
        Ok(written)
    }

    /// The session of this address.
    pub async fn session(&self, session: &Address) -> Result<Option<StoredSession>> {
        session_in(&mut *self.reader.acquire().await?, session).await
    }

    /// Sessions that take receipts: what a node picks up after a restart.
    pub async fn open_sessions(&self) -> Result<Vec<StoredSession>> {
        sqlx::query("SELECT * FROM sessions WHERE state = 'open'")
            .fetch_all(&self.reader)
            .await?
            .iter()
            .map(stored_session)
            .collect()
    }

    /// Takes no more receipts for the session, for good.
    pub async fn close_session(&self, session: &Address) -> Result<Written> {
        let mut tx = self.write().await?;
        let stored = known_session(&mut tx, session).await?;
        if stored.state == SessionState::Closed {
            return Ok(Written::Already);
        }
        sqlx::query("UPDATE sessions SET state = 'closed' WHERE session = ?")
            .bind(session.as_slice())
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Written::New)
    }

    /// Records what the chain has settled for the session in all, whoever brought the voucher.
    /// A total below the recorded one is old news and changes nothing.
    pub async fn record_settled(&self, session: &Address, settled_micro_usdc: u64) -> Result<()> {
        let mut tx = self.write().await?;
        known_session(&mut tx, session).await?;
        raise_settled(&mut tx, session, settled_micro_usdc).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What the app owes this node for signed minutes that the chain has not settled and still can:
    /// newest receipts less settled totals, added up over its sessions whose vouchers are
    /// redeemable. A minute that was never answered is owed no longer than that.
    pub async fn outstanding_micro_usdc(&self, app: &Address, now_unix_secs: u64) -> Result<u64> {
        let rows = sqlx::query(
            "SELECT receipted_micro_usdc, settled_micro_usdc FROM sessions
            WHERE app = ? AND receipted_micro_usdc > settled_micro_usdc
                AND redeemable_until_unix_secs >= ?",
        )
        .bind(app.as_slice())
        .bind(row::to_integer("time", now_unix_secs)?)
        .fetch_all(&self.reader)
        .await?;
        // Added up here: SQLite's SUM is a signed number and the sum may not fit it.
        rows.iter().try_fold(0u64, |sum, row| {
            let receipted = row::unsigned(row, "receipted_micro_usdc")?;
            let settled = row::unsigned(row, "settled_micro_usdc")?;
            Ok(sum.saturating_add(receipted.saturating_sub(settled)))
        })
    }
}

pub async fn session_in(
    connection: &mut SqliteConnection,
    session: &Address,
) -> Result<Option<StoredSession>> {
    sqlx::query("SELECT * FROM sessions WHERE session = ?")
        .bind(session.as_slice())
        .fetch_optional(connection)
        .await?
        .as_ref()
        .map(stored_session)
        .transpose()
}

pub async fn known_session(
    connection: &mut SqliteConnection,
    session: &Address,
) -> Result<StoredSession> {
    session_in(connection, session).await?.ok_or(Error::UnknownSession { session: *session })
}

pub async fn raise_settled(
    connection: &mut SqliteConnection,
    session: &Address,
    settled_micro_usdc: u64,
) -> Result<()> {
    sqlx::query(
        "UPDATE sessions SET settled_micro_usdc = MAX(settled_micro_usdc, ?) WHERE session = ?",
    )
    .bind(row::to_integer("settled total", settled_micro_usdc)?)
    .bind(session.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

fn stored_session(row: &SqliteRow) -> Result<StoredSession> {
    let services = u8::try_from(row::unsigned(row, "services")?)
        .map_err(|_| Error::Corrupt { column: "services" })?;
    let prices = Prices([
        row::unsigned(row, "price_audio_micro_usdc")?,
        row::unsigned(row, "price_video_micro_usdc")?,
        row::unsigned(row, "price_data_micro_usdc")?,
        row::unsigned(row, "price_transcription_micro_usdc")?,
    ]);
    let state = match row.try_get("state")? {
        "open" => SessionState::Open,
        "closed" => SessionState::Closed,
        _ => return Err(Error::Corrupt { column: "state" }),
    };
    Ok(StoredSession {
        session: Session {
            terms: Terms {
                channel: row::array(row, "channel")?,
                session: row::array(row, "session")?,
                services: ServiceSet(services),
                prices,
                cap_micro_usdc: row::unsigned(row, "cap_micro_usdc")?,
            },
            app: row::array(row, "app")?,
            voucher_signer: row::array(row, "voucher_signer")?,
            opened_at_unix_secs: row::unsigned(row, "opened_at_unix_secs")?,
            expires_at_unix_secs: row::unsigned(row, "expires_at_unix_secs")?,
            redeemable_until_unix_secs: row::unsigned(row, "redeemable_until_unix_secs")?,
        },
        state,
        receipted_micro_usdc: row::unsigned(row, "receipted_micro_usdc")?,
        vouchered_micro_usdc: row::unsigned(row, "vouchered_micro_usdc")?,
        settled_micro_usdc: row::unsigned(row, "settled_micro_usdc")?,
    })
}
