//! Hosting calls at a node: the app's side of a session that pays for participants.
//!
//! While a session is hosted, whoever carries a token signed by its voucher signer or by the app's
//! wallet may join calls at the node. After each minute the node sends a receipt and what it
//! consists of, participant by participant; the host checks both and answers with a voucher. A host
//! that stops answering stops paying, and the participants leave.

pub mod bounds;
pub mod speech;
mod wire;

use crate::evidence;
use crate::stream::{EndReason, StreamError};
use crate::websocket::{Socket, next_json, send_json, unix_ms, websocket_url};
use bounds::{Bounds, span_ms, total};
use heliograph_protocol::domain::{Domain, Message as _};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::receipt::{Receipt, Terms, Tip};
use heliograph_protocol::service::{Service, ServiceSet};
use heliograph_protocol::stream::{STREAM_OPEN_WINDOW_MS, StreamOpen};
use heliograph_protocol::voucher::Voucher;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio_tungstenite::connect_async;

pub use wire::{CALLS_PATH, Captions, HostMessage, NodeMessage, ParticipantUsage};

/// The kinds that a session must have bought to host calls.
pub const CALL_SERVICES: ServiceSet = ServiceSet::of(Service::Audio)
    .with(ServiceSet::of(Service::Video))
    .with(ServiceSet::of(Service::Data));

/// The app's own opinion of a minute: an error is a reason not to pay it.
pub type Policy<'a> =
    Box<dyn FnMut(&Receipt, &[ParticipantUsage]) -> Result<(), String> + Send + 'a>;

/// What is hosted, and where.
#[derive(Clone, Debug)]
pub struct CallConfig {
    /// The node's endpoint as registered, `http://` or `https://`.
    pub endpoint: String,
    /// The node's key.
    pub node_key: Pubkey,
    /// The network.
    pub domain: Domain,
    /// The session's terms, from its account.
    pub terms: Terms,
    /// The session's last receipt, when it is continued.
    pub tip: Option<Tip>,
    /// Unix time in ms before which nothing can have been served: when that receipt was closed, or
    /// when the session was opened.
    pub since_unix_ms: u64,
    /// Where the node sends webhooks.
    pub webhook: Option<String>,
    /// Whether everybody's speech is to be transcribed, at the session's price for transcription.
    pub captions: Option<Captions>,
}

/// What a host hears.
#[derive(Clone, Debug)]
pub enum CallEvent {
    /// A minute was served, checked and paid.
    Minute(Box<PaidCallMinute>),
    /// Somebody's speech was to be transcribed and is not, or no more.
    NotTranscribed {
        /// Room name; empty if it is nobody's any more.
        room: String,
        /// The participant's identity; empty if it is nobody's any more.
        identity: String,
        /// For people.
        reason: String,
    },
    /// It is over.
    Ended {
        /// Why.
        reason: EndReason,
        /// The node's words.
        message: String,
    },
}

/// A minute, and what was paid for it.
#[derive(Clone, Debug)]
pub struct PaidCallMinute {
    /// The receipt.
    pub receipt: Receipt,
    /// As the node signed it.
    pub archived: ArchivedReceipt,
    /// What its usage consists of.
    pub participants: Vec<ParticipantUsage>,
    /// What the app signed.
    pub voucher: Signed,
}

/// A hosted session.
pub struct CallHost<'a> {
    socket: Socket,
    config: CallConfig,
    signer: &'a (dyn Signer + Sync),
    policy: Option<Policy<'a>>,
    tip: Option<Tip>,
    since_unix_ms: u64,
    bounds: Bounds,
    /// Where the last record ends.
    records_end_sample: u64,
    /// Where participants connect.
    pub url: String,
}

impl std::fmt::Debug for CallHost<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CallHost").field("url", &self.url).finish_non_exhaustive()
    }
}

impl<'a> CallHost<'a> {
    /// Connects and hosts the session; `signer` is its voucher signer.
    pub async fn open(
        config: CallConfig,
        signer: &'a (dyn Signer + Sync),
    ) -> Result<Self, StreamError> {
        let address = websocket_url(&config.endpoint, CALLS_PATH);
        let failed = |reason: String| StreamError::Connection { url: address.clone(), reason };
        let (mut socket, _) =
            connect_async(&address).await.map_err(|error| failed(error.to_string()))?;
        let request = StreamOpen {
            session: config.terms.session,
            node_key: config.node_key.to_bytes(),
            issued_at_unix_ms: unix_ms(),
            nonce: rand::random(),
        };
        let open = evidence::sign(&request, &config.domain, signer)
            .map_err(|error| StreamError::Sign(error.to_string()))?;
        let (webhook, captions) = (config.webhook.clone(), config.captions.clone());
        let message = HostMessage::Host { open, webhook, captions };
        send_json(&mut socket, &message).await.map_err(&failed)?;
        let url = match next_json(&mut socket).await.map_err(&failed)? {
            Some(NodeMessage::Hosting { url, .. }) => url,
            Some(NodeMessage::Error { code, message }) => {
                return Err(StreamError::Refused { code, message });
            }
            other => {
                return Err(StreamError::Protocol(format!("expected hosting, got {other:?}")));
            }
        };
        let (tip, since_unix_ms) = (config.tip, config.since_unix_ms);
        let (policy, bounds) = (None, Bounds::default());
        Ok(Self {
            socket,
            config,
            signer,
            policy,
            tip,
            since_unix_ms,
            bounds,
            records_end_sample: 0,
            url,
        })
    }

    /// Has every minute that passed all other checks judged by the app too.
    pub fn set_policy(&mut self, policy: Policy<'a>) {
        self.policy = Some(policy);
    }

    /// The last receipt paid, and the time up to which everything is paid: with these, another
    /// host continues the session.
    pub const fn standing(&self) -> (Option<Tip>, u64) {
        (self.tip, self.since_unix_ms)
    }

    /// Says that the calls are over; the last minute and the end follow.
    pub async fn finish(&mut self) -> Result<(), StreamError> {
        send_json(&mut self.socket, &HostMessage::Finish)
            .await
            .map_err(|reason| self.broken(reason))
    }

    /// The next event; minutes are checked and answered with a voucher before they are returned.
    ///
    /// Cancel safe but for a minute in the middle of being paid, which the node offers again when
    /// the host connects again.
    pub async fn next(&mut self) -> Result<CallEvent, StreamError> {
        loop {
            let message = match next_json(&mut self.socket).await {
                Ok(Some(message)) => message,
                Ok(None) => return Err(self.broken("closed by the node".into())),
                Err(reason) => return Err(self.broken(reason)),
            };
            match message {
                NodeMessage::Minute { receipt, participants } => {
                    if let Some(minute) = self.on_minute(receipt, participants).await? {
                        return Ok(CallEvent::Minute(Box::new(minute)));
                    }
                }
                NodeMessage::NotTranscribed { room, identity, reason } => {
                    return Ok(CallEvent::NotTranscribed { room, identity, reason });
                }
                NodeMessage::Ended { reason, message } => {
                    return Ok(CallEvent::Ended { reason, message });
                }
                NodeMessage::Error { code, message } => {
                    return Err(StreamError::Refused { code, message });
                }
                NodeMessage::Hosting { .. } => {
                    return Err(StreamError::Protocol("hosting twice".into()));
                }
            }
        }
    }

    async fn on_minute(
        &mut self,
        archived: ArchivedReceipt,
        participants: Vec<ParticipantUsage>,
    ) -> Result<Option<PaidCallMinute>, StreamError> {
        // The last receipt again: its voucher was lost with the connection. It says the same.
        if let Some(tip) = self.tip.filter(|tip| tip.hash == archived.signed.hash()) {
            self.vouch(&tip).await?;
            return Ok(None);
        }
        let (receipt, records_end) = self.check(&archived, &participants)?;
        if let Some(policy) = &mut self.policy {
            policy(&receipt, &participants).map_err(|why| {
                StreamError::FalseReceipt(format!("the app does not pay it: {why}"))
            })?;
        }
        let tip = receipt.tip(archived.signed.hash());
        let voucher = self.vouch(&tip).await?;
        let span = span_ms(receipt.opened_at_unix_ms, receipt.closed_at_unix_ms);
        self.bounds = self.bounds_at(&receipt);
        self.bounds.advance(&participants, span);
        self.records_end_sample = records_end;
        self.tip = Some(tip);
        self.since_unix_ms = receipt.closed_at_unix_ms;
        Ok(Some(PaidCallMinute { receipt, archived, participants, voucher }))
    }

    /// Signs and sends the voucher for a receipt that has been checked.
    async fn vouch(&mut self, tip: &Tip) -> Result<Signed, StreamError> {
        let voucher = Voucher {
            channel: self.config.terms.channel,
            session: self.config.terms.session,
            sequence: tip.sequence,
            cumulative_micro_usdc: tip.cumulative_micro_usdc,
            receipt_hash: tip.hash,
        };
        let voucher = evidence::sign(&voucher, &self.config.domain, self.signer)
            .map_err(|error| StreamError::Sign(error.to_string()))?;
        send_json(&mut self.socket, &HostMessage::Voucher { voucher: voucher.clone() })
            .await
            .map_err(|reason| self.broken(reason))?;
        Ok(voucher)
    }

    /// Everything the app can know about a minute before it pays; with the receipt, where its last
    /// record ends.
    fn check(
        &self,
        archived: &ArchivedReceipt,
        participants: &[ParticipantUsage],
    ) -> Result<(Receipt, u64), StreamError> {
        let false_receipt = |why: &str| StreamError::FalseReceipt(why.into());
        if archived.signed.public_key != self.config.node_key.to_bytes()
            || !evidence::is_genuine(&archived.signed)
        {
            return Err(false_receipt("not signed by the node"));
        }
        let receipt = Receipt::from_signing_bytes(&archived.signed.bytes, &self.config.domain)
            .map_err(|error| StreamError::FalseReceipt(error.to_string()))?;
        receipt.check(&self.config.terms, self.tip.as_ref())?;
        if receipt.opened_at_unix_ms < self.since_unix_ms {
            return Err(false_receipt("covers time that was paid before"));
        }
        if receipt.closed_at_unix_ms > unix_ms().saturating_add(STREAM_OPEN_WINDOW_MS) {
            return Err(false_receipt("covers time that has not come"));
        }
        if total(participants) != Some(receipt.usage) {
            return Err(false_receipt("charges other usage than its participants have"));
        }
        let span = span_ms(receipt.opened_at_unix_ms, receipt.closed_at_unix_ms);
        let bounds = self.bounds_at(&receipt);
        bounds.check(participants, span).map_err(StreamError::FalseReceipt)?;
        let records = &archived.records;
        let records_end = speech::check(&receipt, records, participants, self.records_end_sample)
            .map_err(StreamError::FalseReceipt)?;
        Ok((receipt, records_end))
    }

    /// The bounds when a receipt was opened: nothing was charged since the one before.
    fn bounds_at(&self, receipt: &Receipt) -> Bounds {
        let mut bounds = self.bounds.clone();
        bounds.advance(&[], span_ms(self.since_unix_ms, receipt.opened_at_unix_ms));
        bounds
    }

    fn broken(&self, reason: String) -> StreamError {
        StreamError::Connection { url: websocket_url(&self.config.endpoint, CALLS_PATH), reason }
    }
}
