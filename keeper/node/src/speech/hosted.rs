//! Sessions that pay for keys: one chain of receipts each, fed by all its streams.

use super::keys::{Key, Seat};
use crate::auth::Refusal;
use crate::solvency::{Means, backing_left};
use crate::state::NodeState;
use crate::stream::socket::ClientSocket;
use crate::time::{unix_ms, unix_secs};
use heliograph_client::evidence::sign;
use heliograph_client::speech::{KeyMinute, SessionKey};
use heliograph_client::stream::{EndReason, ErrorCode};
use heliograph_protocol::Address;
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_protocol::receipt::{Terms, Tip};
use heliograph_protocol::service::Service;
use heliograph_settlement::state::Session;
use heliograph_store::KeyCharge;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc, watch};

/// A receipt that is recorded and to be offered to the host.
#[derive(Clone, Debug)]
pub struct Minute {
    pub sequence: u32,
    pub receipt: ArchivedReceipt,
    pub key: KeyMinute,
}

/// How a session's streams are told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ending {
    pub reason: EndReason,
    /// Whether what is still being transcribed is given up.
    pub is_at_once: bool,
}

/// One hosted session, as its streams see it.
#[derive(Debug)]
pub struct Hosted {
    pub session: Address,
    pub app: Address,
    /// Signs the session's vouchers; keys too.
    pub signer: Address,
    /// The app's wallet, which issues keys too.
    pub authority: Address,
    pub terms: Terms,
    account: Session,
    /// Connections that take over.
    pub takeovers: mpsc::Sender<ClientSocket>,
    /// Receipts on their way to the host: at most one a key and minute of audio, each of which waits
    /// for the voucher of the one before.
    minutes: mpsc::UnboundedSender<Minute>,
    /// Why and how the session ends, once it does.
    pub ending: watch::Sender<Option<Ending>>,
    /// Ordinal of the first receipt without a voucher.
    pub answered: watch::Sender<u32>,
    /// Rung when a key is free again.
    pub left: Arc<Notify>,
    /// Whether its keys are good.
    admits: AtomicBool,
    keys: Mutex<HashMap<String, Arc<Key>>>,
    /// What the minutes under way may cost, by key.
    begun: Mutex<HashMap<String, u64>>,
    /// The newest receipt. Held while the next one is made: two would be one minute signed twice.
    tip: tokio::sync::Mutex<Option<Tip>>,
    /// Nothing is charged or begun any more: the session may be hosted anew, and streams that are
    /// still about would go on from an old receipt. Set with `tip` and `begun` held.
    is_closed: AtomicBool,
}

/// What a new [`Hosted`] is made of.
#[derive(Debug)]
pub struct NewHost {
    pub terms: Terms,
    pub account: Session,
    pub authority: Address,
    pub tip: Option<Tip>,
    pub takeovers: mpsc::Sender<ClientSocket>,
    pub minutes: mpsc::UnboundedSender<Minute>,
}

impl Hosted {
    fn new(new: NewHost) -> Self {
        let NewHost { terms, account, authority, tip, takeovers, minutes } = new;
        Self {
            session: terms.session,
            app: account.app.to_bytes(),
            signer: account.voucher_signer.to_bytes(),
            authority,
            terms,
            account,
            takeovers,
            minutes,
            ending: watch::Sender::new(None),
            answered: watch::Sender::new(tip.map_or(0, |tip| tip.sequence.saturating_add(1))),
            left: Arc::default(),
            admits: AtomicBool::new(false),
            keys: Mutex::default(),
            begun: Mutex::default(),
            tip: tokio::sync::Mutex::new(tip),
            is_closed: AtomicBool::new(false),
        }
    }

    /// Takes keys from now on, or no longer.
    pub fn admit(&self, admits: bool) {
        self.admits.store(admits, Ordering::Relaxed);
    }

    /// The session is hosted no longer. Streams that have not ended by now are not paid.
    pub async fn close(&self) {
        let _tip = self.tip.lock().await;
        let _begun = self.begun();
        self.is_closed.store(true, Ordering::Relaxed);
    }

    /// Fails once the session is hosted no longer; to be asked with what `is_closed` is set under.
    fn check_open(&self) -> Result<(), Refusal> {
        if self.is_closed.load(Ordering::Relaxed) {
            let why = "the session that pays for this key has ended".to_owned();
            return Err((ErrorCode::NoSession, why));
        }
        Ok(())
    }

    /// Ordinal of the session's next receipt.
    pub async fn next_sequence(&self) -> u32 {
        self.tip.lock().await.map_or(0, |tip| tip.sequence.saturating_add(1))
    }

    /// Takes a key that was presented: records it, and gives its place to who presented it.
    pub async fn seat(
        &self,
        state: &NodeState,
        key: &SessionKey,
        token: &str,
    ) -> Result<Seat, Refusal> {
        let known = self.know(state, key, token).await?;
        known
            .take(&self.left)
            .ok_or_else(|| (ErrorCode::AlreadyConnected, "the session key is in use".to_owned()))
    }

    /// Records a key that was presented, or that buys more.
    pub async fn know(
        &self,
        state: &NodeState,
        key: &SessionKey,
        token: &str,
    ) -> Result<Arc<Key>, Refusal> {
        let recorded = state
            .ledger
            .record_key(&self.session, &key.id, key.seconds, token)
            .await
            .map_err(super::unavailable)?;
        let mut keys = self.keys();
        let known =
            keys.entry(key.id.clone()).or_insert_with(|| Arc::new(Key::new(&key.id, recorded)));
        known.extend(key, token);
        Ok(known.clone())
    }

    /// The keys that are in use, or of which something is not charged yet.
    pub fn live_keys(&self) -> Vec<Arc<Key>> {
        let mut keys = self.keys();
        // Whoever comes back finds the rest in the ledger.
        keys.retain(|_, key| {
            let is_held = Arc::strong_count(key) > 1 || key.is_taken();
            let account = key.account();
            is_held || !account.stretch.is_empty() || !account.owed.is_empty()
        });
        keys.values().cloned().collect()
    }

    /// Signs, records and offers the receipt for a key's minute up to `end`, or as much of it as is
    /// paid. Nothing happens if there is nothing to charge.
    pub async fn charge(&self, state: &NodeState, key: &Key, end: u64) -> Result<(), Refusal> {
        let mut tip = self.tip.lock().await;
        self.check_open()?;
        let closed = key.close(&self.terms, tip.as_ref(), end, unix_ms());
        let Some((closed, start)) = closed else { return Ok(()) };
        let (ledger, receipt) = (&state.ledger, closed.receipt);
        let sequence = receipt.sequence;
        let end = start + (receipt.media_end_sample - receipt.media_start_sample);
        let part = KeyMinute { session_key: key.token(), start_sample: start, end_sample: end };
        let signed = sign(&receipt, &state.domain(), state.key()).map_err(super::unavailable)?;
        let archived = ArchivedReceipt { signed, records: closed.records };
        let shares = borsh::to_vec(&part).map_err(super::unavailable)?;
        let secs = receipt.usage.secs(Service::Transcription);
        let charge = KeyCharge {
            session: self.session,
            sequence,
            id: key.id.clone(),
            secs,
            end_sample: end,
        };
        ledger.record_shares(&self.session, sequence, &shares).await.map_err(super::unavailable)?;
        ledger.record_key_charge(&charge).await.map_err(super::unavailable)?;
        // From here on the receipt exists: the ledger has it before anybody else does.
        ledger.record_receipt(&archived, unix_ms()).await.map_err(super::unavailable)?;
        *tip = Some(receipt.tip(archived.signed.hash()));
        key.charged(sequence, secs, end, unix_ms());
        self.release(state, key);
        state.archive_bell.notify_one();
        let amount_micro_usdc = receipt.amount_micro_usdc;
        tracing::info!(sequence, secs, amount_micro_usdc, "minute of a key closed");
        // A host task that is gone has ended the session; the ledger keeps what is owed.
        let _ = self.minutes.send(Minute { sequence, receipt: archived, key: part });
        Ok(())
    }

    /// Before a key's minute begins: seconds of it that can be paid and what ends it after them;
    /// `None` if the whole minute can.
    pub async fn begin(
        &self,
        state: &NodeState,
        key: &Key,
    ) -> Result<Option<(u64, EndReason)>, Refusal> {
        let price_micro_usdc = self.terms.prices.of(Service::Transcription);
        // Before anything is read: two that look at once both see what the other begins.
        let begun = |sum: u64| state.promises.set(self.app, self.session, sum);
        {
            let mut minutes = self.begun();
            self.check_open()?;
            minutes.insert(key.id.clone(), price_micro_usdc);
            begun(minutes.values().fold(0, |sum: u64, one| sum.saturating_add(*one)));
        }
        let (escrow, bond) = state.chain.backing(&self.account).await.map_err(|error| {
            tracing::warn!(%error, "escrow not read");
            (ErrorCode::Unavailable, "the node cannot reach the cluster; try again".to_owned())
        })?;
        let outstanding = state
            .ledger
            .outstanding_micro_usdc(&self.app, unix_secs())
            .await
            .map_err(super::unavailable)?;
        let charged = self.tip.lock().await.map_or(0, |tip| tip.cumulative_micro_usdc);
        let others = self.others_begun(&key.id);
        let owed = outstanding
            .saturating_add(state.promises.of_others(&self.app, &self.session))
            .saturating_add(others);
        let bonds_required = state.chain.bonds_required();
        let cap = self.terms.cap_micro_usdc;
        let means = Means {
            cap_left_micro_usdc: cap.saturating_sub(charged).saturating_sub(others),
            escrow_left_micro_usdc: backing_left(&escrow, bond, bonds_required, owed),
            price_micro_usdc,
        };
        Ok(means.limit())
    }

    /// What the minutes under way of all other keys may cost.
    fn others_begun(&self, id: &str) -> u64 {
        let minutes = self.begun();
        let others = minutes.iter().filter(|(other, _)| other.as_str() != id);
        others.fold(0, |sum: u64, (_, one)| sum.saturating_add(*one))
    }

    /// No minute of the key is under way.
    pub fn release(&self, state: &NodeState, key: &Key) {
        let mut minutes = self.begun();
        minutes.remove(&key.id);
        if self.check_open().is_err() {
            return;
        }
        let sum = minutes.values().fold(0, |sum: u64, one| sum.saturating_add(*one));
        state.promises.set(self.app, self.session, sum);
    }

    /// Receipts up to this one are answered.
    pub fn paid(&self, sequence: u32) {
        for key in self.keys().values() {
            key.account().owed.retain(|owed| owed.sequence > sequence);
        }
        self.answered.send_modify(|next| *next = (*next).max(sequence.saturating_add(1)));
    }

    fn keys(&self) -> MutexGuard<'_, HashMap<String, Arc<Key>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begun(&self) -> MutexGuard<'_, HashMap<String, u64>> {
        self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All sessions that pay for keys.
#[derive(Debug, Default)]
pub struct Speech(Mutex<HashMap<Address, Arc<Hosted>>>);

impl Speech {
    /// Adds a session; its keys are not good yet.
    pub fn add(&self, new: NewHost) -> Arc<Hosted> {
        let hosted = Arc::new(Hosted::new(new));
        self.locked().insert(hosted.session, hosted.clone());
        hosted
    }

    /// Removes a session.
    pub fn remove(&self, session: &Address) {
        self.locked().remove(session);
    }

    /// The session, if it is hosted.
    pub fn get(&self, session: &Address) -> Option<Arc<Hosted>> {
        self.locked().get(session).cloned()
    }

    /// Who pays for a key of this issuer's.
    pub fn payer(&self, key: &SessionKey, issuer: &Address) -> Result<Arc<Hosted>, Refusal> {
        let unauthorized = |why: &str| (ErrorCode::Unauthorized, why.to_owned());
        let hosted = self.get(&key.session).ok_or_else(|| {
            unauthorized("the session key is for a session that is not hosted at this node")
        })?;
        if hosted.signer != *issuer && hosted.authority != *issuer {
            return Err(unauthorized("the session key is not issued by the session's app"));
        }
        if !hosted.admits.load(Ordering::Relaxed) {
            let why = "the session that pays for this key is not paid for at the moment";
            return Err((ErrorCode::NoSession, why.to_owned()));
        }
        Ok(hosted)
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Address, Arc<Hosted>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
