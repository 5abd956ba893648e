//! Hosting speech at a node: the app's side of a session that pays for whoever carries a key.
//!
//! The app makes keys ([`SessionKey`]) without asking anybody and gives them away. While it hosts the
//! session, who carries one streams audio to the node and gets text. After each minute of a key's
//! audio the node sends the host a receipt, with the key; the host checks that the key is its own,
//! that the key has bought what is charged, and everything else it can know about a receipt, and
//! answers with a voucher.
//!
//! ```no_run
//! # async fn example(
//! #     config: heliograph_client::speech::SpeechConfig,
//! #     voucher_signer: solana_keypair::Keypair,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use heliograph_client::speech::{SessionKey, SpeechEvent, SpeechHost};
//!
//! let key = SessionKey {
//!     session: config.terms.session,
//!     id: "visitor-17".into(),
//!     seconds: 300,
//!     language: None,
//!     expires_at_unix_secs: 1_790_000_000,
//! };
//! println!("{}", key.sign(&voucher_signer)?);
//! let mut host = SpeechHost::open(config, &voucher_signer).await?;
//! while let SpeechEvent::Minute(minute) = host.next().await? {
//!     println!("{} used {} s", minute.key.id, minute.receipt.usage.secs[3]);
//! }
//! # Ok(())
//! # }
//! ```

mod key;
mod tally;
mod wire;

use crate::evidence;
use crate::stream::{EndReason, StreamError};
use crate::websocket::{Socket, next_json, send_json, unix_ms, websocket_url};
use heliograph_protocol::Address;
use heliograph_protocol::domain::{Domain, Message as _};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::receipt::{Receipt, Terms, Tip};
use heliograph_protocol::record::records_root;
use heliograph_protocol::service::Service;
use heliograph_protocol::stream::{STREAM_OPEN_WINDOW_MS, StreamOpen};
use heliograph_protocol::voucher::Voucher;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio_tungstenite::connect_async;

pub use key::{ID_BYTES_MAX, KEY_BYTES_MAX, KeyError, LEEWAY_SECS, SessionKey};
pub use tally::{Tallies, Tally};
pub use wire::{
    KeyClientMessage, KeyConfig, KeyMinute, KeyServerMessage, SPEECH_PATH, SpeechHostMessage,
    SpeechNodeMessage,
};

/// What is hosted, and where.
#[derive(Clone, Debug)]
pub struct SpeechConfig {
    /// The node's endpoint as registered, `http://` or `https://`.
    pub endpoint: String,
    /// The node's key.
    pub node_key: Pubkey,
    /// The network.
    pub domain: Domain,
    /// The session's terms, from its account.
    pub terms: Terms,
    /// The app's wallet, which may issue keys beside the voucher signer.
    pub authority: Address,
    /// The session's last receipt, when it is continued.
    pub tip: Option<Tip>,
    /// What each key was charged before, when it is continued.
    pub tallies: Tallies,
}

/// What a host hears.
#[derive(Clone, Debug)]
pub enum SpeechEvent {
    /// A minute of a key was served, checked and paid.
    Minute(Box<PaidKeyMinute>),
    /// The node's answer to an extension: seconds bought and seconds charged.
    Extended {
        /// The key's id.
        id: String,
        /// Seconds bought in all.
        seconds: u32,
        /// Seconds charged so far.
        used_secs: u32,
    },
    /// An extension that does not count.
    NotExtended {
        /// The node's words.
        message: String,
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
pub struct PaidKeyMinute {
    /// The receipt.
    pub receipt: Receipt,
    /// As the node signed it, with its records.
    pub archived: ArchivedReceipt,
    /// Whose audio it was.
    pub key: SessionKey,
    /// Which part of it.
    pub part: KeyMinute,
    /// What the app signed.
    pub voucher: Signed,
}

/// A hosted session.
pub struct SpeechHost<'a> {
    socket: Socket,
    config: SpeechConfig,
    signer: &'a (dyn Signer + Sync),
    issuers: [Address; 2],
}

impl std::fmt::Debug for SpeechHost<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpeechHost")
            .field("endpoint", &self.config.endpoint)
            .finish_non_exhaustive()
    }
}

impl<'a> SpeechHost<'a> {
    /// Connects and hosts the session; `signer` is its voucher signer.
    pub async fn open(
        config: SpeechConfig,
        signer: &'a (dyn Signer + Sync),
    ) -> Result<Self, StreamError> {
        let address = websocket_url(&config.endpoint, SPEECH_PATH);
        let failed = |reason: String| StreamError::Connection { url: address.clone(), reason };
        let (mut socket, _) =
            connect_async(&address).await.map_err(|error| failed(error.to_string()))?;
        let request = StreamOpen {
            session: config.terms.session,
            node_key: config.node_key.to_bytes(),
            issued_at_unix_ms: unix_ms(),
            nonce: rand::random(),
        };
        let sign = |error: solana_signer::SignerError| StreamError::Sign(error.to_string());
        let open = evidence::sign(&request, &config.domain, signer).map_err(sign)?;
        let issuers = [signer.try_pubkey().map_err(sign)?.to_bytes(), config.authority];
        send_json(&mut socket, &SpeechHostMessage::Host { open }).await.map_err(&failed)?;
        match next_json(&mut socket).await.map_err(&failed)? {
            Some(SpeechNodeMessage::Hosting { .. }) => Ok(Self { socket, config, signer, issuers }),
            Some(SpeechNodeMessage::Error { code, message }) => {
                Err(StreamError::Refused { code, message })
            }
            other => Err(StreamError::Protocol(format!("expected hosting, got {other:?}"))),
        }
    }

    /// The last receipt paid, and what each key was charged: with these, another host continues the
    /// session.
    pub const fn standing(&self) -> (Option<Tip>, &Tallies) {
        (self.config.tip, &self.config.tallies)
    }

    /// Buys more seconds for a key: `session_key` has the same id. The answer is an event.
    pub async fn extend(&mut self, session_key: String) -> Result<(), StreamError> {
        self.say(&SpeechHostMessage::Extend { session_key }).await
    }

    /// Says that nothing more is to be served; the last minutes and the end follow.
    pub async fn finish(&mut self) -> Result<(), StreamError> {
        self.say(&SpeechHostMessage::Finish).await
    }

    /// The next event; minutes are checked and answered with a voucher before they are returned.
    ///
    /// Cancel safe but for a minute in the middle of being paid, which the node offers again when
    /// the host connects again.
    pub async fn next(&mut self) -> Result<SpeechEvent, StreamError> {
        loop {
            let message = match next_json(&mut self.socket).await {
                Ok(Some(message)) => message,
                Ok(None) => return Err(self.broken("closed by the node".into())),
                Err(reason) => return Err(self.broken(reason)),
            };
            return Ok(match message {
                SpeechNodeMessage::Minute { receipt, key } => {
                    match self.on_minute(receipt, key).await? {
                        Some(minute) => SpeechEvent::Minute(Box::new(minute)),
                        None => continue,
                    }
                }
                SpeechNodeMessage::Extended { id, seconds, used_secs } => {
                    SpeechEvent::Extended { id, seconds, used_secs }
                }
                SpeechNodeMessage::NotExtended { message } => SpeechEvent::NotExtended { message },
                SpeechNodeMessage::Ended { reason, message } => {
                    SpeechEvent::Ended { reason, message }
                }
                SpeechNodeMessage::Error { code, message } => {
                    return Err(StreamError::Refused { code, message });
                }
                SpeechNodeMessage::Hosting { .. } => {
                    return Err(StreamError::Protocol("hosting twice".into()));
                }
            });
        }
    }

    async fn on_minute(
        &mut self,
        archived: ArchivedReceipt,
        part: KeyMinute,
    ) -> Result<Option<PaidKeyMinute>, StreamError> {
        // The last receipt again: its voucher was lost with the connection. It says the same.
        if let Some(tip) = self.config.tip.filter(|tip| tip.hash == archived.signed.hash()) {
            self.vouch(&tip).await?;
            return Ok(None);
        }
        let (receipt, key) = self.check(&archived, &part)?;
        let tip = receipt.tip(archived.signed.hash());
        let voucher = self.vouch(&tip).await?;
        let secs = receipt.usage.secs(Service::Transcription);
        self.config.tallies.add(&key, secs, part.end_sample);
        self.config.tip = Some(tip);
        Ok(Some(PaidKeyMinute { receipt, archived, key, part, voucher }))
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
        self.say(&SpeechHostMessage::Voucher { voucher: voucher.clone() }).await?;
        Ok(voucher)
    }

    /// Everything the app can know about a minute before it pays.
    fn check(
        &self,
        archived: &ArchivedReceipt,
        part: &KeyMinute,
    ) -> Result<(Receipt, SessionKey), StreamError> {
        let false_receipt = |why: &str| StreamError::FalseReceipt(why.into());
        if archived.signed.public_key != self.config.node_key.to_bytes()
            || !evidence::is_genuine(&archived.signed)
        {
            return Err(false_receipt("not signed by the node"));
        }
        let receipt = Receipt::from_signing_bytes(&archived.signed.bytes, &self.config.domain)
            .map_err(|error| StreamError::FalseReceipt(error.to_string()))?;
        receipt.check(&self.config.terms, self.config.tip.as_ref())?;
        if receipt.closed_at_unix_ms > unix_ms().saturating_add(STREAM_OPEN_WINDOW_MS) {
            return Err(false_receipt("covers time that has not come"));
        }
        if archived.records.len() != receipt.records_count as usize
            || records_root(&archived.records) != receipt.records_root
        {
            return Err(false_receipt("records do not have the root it names"));
        }
        let key = self
            .config
            .tallies
            .check(&receipt, &archived.records, part, &self.issuers)
            .map_err(StreamError::FalseReceipt)?;
        Ok((receipt, key))
    }

    async fn say(&mut self, message: &SpeechHostMessage) -> Result<(), StreamError> {
        send_json(&mut self.socket, message).await.map_err(|reason| self.broken(reason))
    }

    fn broken(&self, reason: String) -> StreamError {
        StreamError::Connection { url: websocket_url(&self.config.endpoint, SPEECH_PATH), reason }
    }
}
