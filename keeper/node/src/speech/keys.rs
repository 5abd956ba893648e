//! The keys of a hosted session: what each has bought and used, and who streams with it.

use super::stretch::Stretch;
use crate::meter::Closed;
use crate::solvency::Means;
use crate::time::unix_ms;
use heliograph_client::speech::SessionKey;
use heliograph_protocol::price::TRANSCRIPTION_RATE_HZ;
use heliograph_protocol::receipt::{Terms, Tip};
use heliograph_protocol::service::Service;
use heliograph_store::KeyState;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

#[cfg(test)]
mod tests;

const SAMPLES_PER_SEC: u64 = TRANSCRIPTION_RATE_HZ as u64;

/// A minute that has been charged and not been answered by a voucher.
#[derive(Clone, Copy, Debug)]
pub struct Owed {
    /// The receipt's ordinal.
    pub sequence: u32,
    /// Where it begins in the key's audio.
    pub start: u64,
}

/// What a key was served.
#[derive(Debug)]
pub struct Account {
    /// Seconds that receipts charge.
    pub used_secs: u32,
    /// The minute under way.
    pub stretch: Stretch,
    /// Minutes not paid yet.
    pub owed: VecDeque<Owed>,
    /// Since when nobody streams with it.
    pub idle_since: Instant,
}

/// One key, in use or not.
#[derive(Debug)]
pub struct Key {
    pub id: String,
    /// Seconds bought in all.
    pub bought: watch::Sender<u32>,
    token: Mutex<String>,
    account: Mutex<Account>,
    is_taken: AtomicBool,
}

impl Key {
    /// A key as the ledger knows it.
    pub fn new(id: &str, state: KeyState) -> Self {
        Self {
            id: id.to_owned(),
            bought: watch::Sender::new(state.bought_secs),
            token: Mutex::new(state.token),
            account: Mutex::new(Account {
                used_secs: state.used_secs,
                stretch: Stretch::new(state.end_sample, unix_ms()),
                owed: VecDeque::new(),
                idle_since: Instant::now(),
            }),
            is_taken: AtomicBool::new(false),
        }
    }

    /// A key that may buy more than was known.
    pub fn extend(&self, key: &SessionKey, token: &str) {
        self.bought.send_if_modified(|bought| {
            let is_more = key.seconds > *bought;
            if is_more {
                *bought = key.seconds;
                token.clone_into(&mut self.token.lock().unwrap_or_else(PoisonError::into_inner));
            }
            is_more
        });
    }

    /// The key that buys the most, as its issuer signed it.
    pub fn token(&self) -> String {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it was served.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether somebody streams with it.
    pub fn is_taken(&self) -> bool {
        self.is_taken.load(Ordering::Acquire)
    }

    /// Up to where its audio can be charged: all that was bought, less the started seconds that
    /// receipts have counted whole. So it may shrink as minutes are charged.
    pub fn limit(&self) -> u64 {
        let bought = *self.bought.borrow();
        let account = self.account();
        let left = u64::from(bought.saturating_sub(account.used_secs));
        account.stretch.start().saturating_add(left * SAMPLES_PER_SEC)
    }

    /// The receipt for its minute up to `end`, and where that minute begins in its audio. What the
    /// key has not bought, or the session's cap does not leave, is charged to nobody; `None` if there
    /// is nothing else.
    pub fn close(
        &self,
        terms: &Terms,
        tip: Option<&Tip>,
        end: u64,
        now_unix_ms: u64,
    ) -> Option<(Closed, u64)> {
        let limit = self.limit();
        let charged = tip.map_or(0, |tip| tip.cumulative_micro_usdc);
        let cap = Means {
            cap_left_micro_usdc: terms.cap_micro_usdc.saturating_sub(charged),
            escrow_left_micro_usdc: u64::MAX,
            price_micro_usdc: terms.prices.of(Service::Transcription),
        };
        let mut account = self.account();
        let start = account.stretch.start();
        let capped = cap.limit().map(|(secs, _)| start.saturating_add(secs * SAMPLES_PER_SEC));
        account.stretch.bound(limit.min(capped.unwrap_or(u64::MAX)));
        let end = end.min(account.stretch.done());
        let closed = account.stretch.close(terms, tip, end, now_unix_ms)?;
        Some((closed, start))
    }

    /// The receipt up to `end` is signed and recorded, and charges so much.
    pub fn charged(&self, sequence: u32, secs: u32, end: u64, now_unix_ms: u64) {
        let mut account = self.account();
        let start = account.stretch.start();
        account.used_secs = account.used_secs.saturating_add(secs);
        account.stretch.cut(end, now_unix_ms);
        account.owed.push_back(Owed { sequence, start });
    }

    /// Takes the one place there is.
    pub fn take(self: &Arc<Self>, left: &Arc<Notify>) -> Option<Seat> {
        let was_free = !self.is_taken.swap(true, Ordering::AcqRel);
        was_free.then(|| {
            self.account().stretch.resume(unix_ms());
            Seat { key: self.clone(), left: left.clone() }
        })
    }
}

/// The place of who streams with a key, free again when dropped.
#[derive(Debug)]
pub struct Seat {
    pub key: Arc<Key>,
    left: Arc<Notify>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.key.account().idle_since = Instant::now();
        self.key.is_taken.store(false, Ordering::Release);
        self.left.notify_one();
    }
}
