//! The sessions that are hosted, and whose tokens they pay for.

use super::meter::Counted;
use super::transcripts::{Heard, Whose};
use crate::stream::socket::ClientSocket;
use heliograph_client::call::NodeMessage;
use heliograph_protocol::Address;
use heliograph_protocol::price::Prices;
use heliograph_worker_ipc::call::{CallQuality, CallUsage, Captions};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, mpsc};
use tokio_util::sync::CancellationToken;
use url::Url;

#[cfg(test)]
mod tests;

/// A connection that takes over a session, with what it asks for.
#[derive(Debug)]
pub struct Takeover {
    pub socket: ClientSocket,
    /// Where webhooks go.
    pub webhook: Option<Url>,
    /// In which language everybody is transcribed, empty for automatic.
    pub captions: Option<String>,
}

/// One hosted session, as others see it.
#[derive(Debug)]
pub struct Hosted {
    pub session: Address,
    /// The app's account: rooms of one app are the same in all its sessions.
    pub app: Address,
    /// Signs the session's vouchers; tokens too.
    pub signer: Address,
    /// The app's wallet, which signs tokens too.
    pub authority: Address,
    /// Rung when something was counted.
    pub counted_bell: Notify,
    /// Rung when the worker has counted the last second of a session that was revoked.
    pub revoked_bell: Notify,
    /// Connections that take over.
    pub takeovers: mpsc::Sender<Takeover>,
    /// Encoded `livekit.WebhookEvent`s.
    pub events: mpsc::Sender<Vec<u8>>,
    /// Messages for the host; more than it reads are dropped.
    notes: mpsc::Sender<NodeMessage>,
    prices: Prices,
    /// Whether the session has bought transcription.
    is_transcription_bought: bool,
    /// Cancelled when no more transcription can be paid.
    untranscribed: CancellationToken,
    captions: Mutex<Option<String>>,
    counted: Mutex<Counted>,
    /// Whether its tokens are admitted.
    admits: AtomicBool,
    /// The later, the greater.
    since: u64,
}

impl Hosted {
    /// Admits tokens from now on, or no longer.
    pub fn admit(&self, admits: bool) {
        self.admits.store(admits, Ordering::Relaxed);
    }

    /// Whose speech is transcribed from now on.
    pub fn ask_captions(&self, everybody: Option<String>) {
        *self.captions.lock().unwrap_or_else(PoisonError::into_inner) = everybody;
    }

    /// Whose speech is transcribed.
    pub fn captions(&self) -> Captions {
        let everybody = self.captions.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Captions { bought: self.transcribes(), everybody }
    }

    /// Whether anybody's speech can be.
    pub fn transcribes(&self) -> bool {
        self.is_transcription_bought && !self.untranscribed.is_cancelled()
    }

    /// Waits until nobody's can be any more.
    pub async fn transcription_over(&self) {
        self.untranscribed.cancelled().await;
    }

    /// From now on nobody's is.
    pub fn end_transcription(&self, reason: Option<&str>) {
        if self.untranscribed.is_cancelled() {
            return;
        }
        self.untranscribed.cancel();
        if let Some(reason) = reason {
            tracing::info!(reason, "transcription of calls ends");
            let (room, identity) = (String::new(), String::new());
            self.tell(NodeMessage::NotTranscribed { room, identity, reason: reason.to_owned() });
        }
    }

    /// Counts a stretch of a tap that was answered for. `false` if it cannot be paid: then nobody's
    /// speech is transcribed any more.
    pub fn transcribed(&self, whose: Whose, stretch: (u64, u64), heard: Option<Heard>) -> bool {
        if !self.transcribes() {
            return false;
        }
        let is_paid = self.counted().transcribed(&self.prices, whose, stretch, heard);
        if is_paid {
            self.counted_bell.notify_one();
        } else {
            self.end_transcription(Some("what is left does not pay for more transcription"));
        }
        is_paid
    }

    /// Tells the host something, if it reads.
    pub fn tell(&self, note: NodeMessage) {
        if self.notes.try_send(note).is_err() {
            tracing::debug!("host does not read: a note dropped");
        }
    }

    /// What was counted and not charged.
    pub fn counted(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a new [`Hosted`] is made of.
#[derive(Debug)]
pub struct NewHost {
    pub session: Address,
    pub app: Address,
    pub signer: Address,
    pub authority: Address,
    pub takeovers: mpsc::Sender<Takeover>,
    pub events: mpsc::Sender<Vec<u8>>,
    pub notes: mpsc::Sender<NodeMessage>,
    pub prices: Prices,
    pub is_transcription_bought: bool,
}

/// All hosted sessions.
#[derive(Debug, Default)]
pub struct Hosts {
    sessions: Mutex<HashMap<Address, Arc<Hosted>>>,
    hosted: AtomicU64,
}

impl Hosts {
    /// Adds a session; it admits nobody yet.
    pub fn add(&self, new: NewHost) -> Arc<Hosted> {
        let hosted = Arc::new(Hosted {
            session: new.session,
            app: new.app,
            signer: new.signer,
            authority: new.authority,
            counted_bell: Notify::new(),
            revoked_bell: Notify::new(),
            takeovers: new.takeovers,
            events: new.events,
            notes: new.notes,
            prices: new.prices,
            is_transcription_bought: new.is_transcription_bought,
            untranscribed: CancellationToken::new(),
            captions: Mutex::default(),
            counted: Mutex::default(),
            admits: AtomicBool::new(false),
            since: self.hosted.fetch_add(1, Ordering::Relaxed),
        });
        self.locked().insert(new.session, hosted.clone());
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

    /// Which session pays for a token of this issuer: the one it names, or the one that was hosted
    /// last. The error is for people.
    pub fn payer(
        &self,
        issuer: &Address,
        named: Option<&Address>,
    ) -> Result<Arc<Hosted>, &'static str> {
        let sessions = self.locked();
        let of_issuer =
            sessions.values().filter(|host| host.signer == *issuer || host.authority == *issuer);
        let wanted: Vec<&Arc<Hosted>> =
            of_issuer.filter(|host| named.is_none_or(|named| host.session == *named)).collect();
        let admitting = wanted.iter().filter(|host| host.admits.load(Ordering::Relaxed));
        match admitting.max_by_key(|host| host.since) {
            Some(host) => Ok(Arc::clone(host)),
            None if !wanted.is_empty() => {
                Err("the session that pays for this token is not paid for at the moment")
            }
            None if named.is_some() => {
                Err("the token names a session that its issuer does not host at this node")
            }
            None => Err("the token's issuer hosts no session at this node"),
        }
    }

    /// Counts a report; `false` if nobody pays for it any more.
    pub fn book(&self, payer: &Address, entries: Vec<CallUsage>, quality: CallQuality) -> bool {
        let Some(host) = self.get(payer) else { return false };
        host.counted().add(entries, quality);
        host.counted_bell.notify_one();
        true
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<Address, Arc<Hosted>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
