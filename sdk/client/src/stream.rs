//! Transcribing through a node: audio in, text out, a voucher for every minute.
//!
//! The client pays only for what it has checked: each receipt must follow from the session's terms
//! and the receipt before it, cover no more audio than was sent, carry records with the root it
//! names, and be signed by the node.

pub(crate) mod wire;

use crate::websocket::{Socket, next_json, send_json, unix_ms, websocket_url};
use crate::{Error, evidence};
use futures_util::SinkExt;
use heliograph_protocol::domain::{Domain, Message as _};
use heliograph_protocol::evidence::{ArchivedReceipt, Signed};
use heliograph_protocol::receipt::{Receipt, ReceiptError, Terms, Tip};
use heliograph_protocol::record::records_root;
use heliograph_protocol::stream::StreamOpen;
use heliograph_protocol::voucher::Voucher;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

pub use wire::{ClientMessage, EndReason, ErrorCode, STREAM_PATH, ServerMessage, VadEvent};

/// Samples in one binary frame that [`Stream::send_audio`] cuts audio into: half a second.
const FRAME_SAMPLES: usize = 8_000;

/// Why a stream failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The node could not be reached, or the connection broke.
    #[error("connection to {url}: {reason}")]
    Connection {
        /// The node's stream URL.
        url: String,
        /// What went wrong.
        reason: String,
    },
    /// The node refused.
    #[error("node refused ({code:?}): {message}")]
    Refused {
        /// What kind of refusal.
        code: ErrorCode,
        /// The node's words.
        message: String,
    },
    /// The node sent something that is not part of the protocol.
    #[error("node broke the protocol: {0}")]
    Protocol(String),
    /// A receipt that must not be paid. Nothing was signed.
    #[error("false receipt: {0}")]
    FalseReceipt(String),
    /// The voucher signer's key could not sign.
    #[error("cannot sign: {0}")]
    Sign(String),
}

impl From<ReceiptError> for StreamError {
    fn from(error: ReceiptError) -> Self {
        Self::FalseReceipt(error.to_string())
    }
}

impl StreamError {
    /// Whether connecting again may help without anybody changing anything.
    pub const fn is_retryable(&self) -> bool {
        match self {
            Self::Connection { .. } => true,
            Self::Refused { code, .. } => matches!(
                code,
                ErrorCode::NoCapacity | ErrorCode::Unavailable | ErrorCode::AlreadyConnected
            ),
            _ => false,
        }
    }
}

/// What a stream is opened for.
#[derive(Clone, Debug)]
pub struct StreamConfig {
    /// The node's endpoint as registered, `http://` or `https://`.
    pub endpoint: String,
    /// The node's key.
    pub node_key: Pubkey,
    /// The network.
    pub domain: Domain,
    /// The session's terms, from its account.
    pub terms: Terms,
    /// ISO 639-1; `None` leaves it to the node.
    pub language: Option<String>,
    /// Whether interim texts and [`StreamEvent::Vad`] are wanted.
    pub live: bool,
    /// The session's last receipt, when it is continued.
    pub tip: Option<Tip>,
}

/// What a stream yields.
#[derive(Clone, Debug)]
pub enum StreamEvent {
    /// Audio may be sent up to this position.
    Credit {
        /// Sample after the last one.
        until_sample: u64,
    },
    /// Somebody begins to speak, or has stopped.
    Vad {
        /// Which of the two.
        event: VadEvent,
        /// Seconds from the start of the session's audio.
        at: f64,
    },
    /// A segment's text.
    Transcription {
        /// What was said.
        text: String,
        /// Seconds from the start of the session's audio.
        start: f64,
        /// Seconds from the start of the session's audio.
        end: f64,
        /// 0 to 1.
        confidence: f64,
        /// ISO 639-1.
        language: String,
        /// False for a text that the next one replaces.
        is_final: bool,
        /// Milliseconds from the segment's last sample to its text; 0 if it is not final.
        latency_ms: u32,
    },
    /// A minute was served, checked and paid.
    Minute(Box<PaidMinute>),
    /// The stream is over.
    Ended {
        /// Why.
        reason: EndReason,
        /// The node's words.
        message: String,
    },
}

/// A minute, and what was paid for it.
#[derive(Clone, Debug)]
pub struct PaidMinute {
    /// The receipt.
    pub receipt: Receipt,
    /// As the node signed it, with its records.
    pub archived: ArchivedReceipt,
    /// What the app signed.
    pub voucher: Signed,
}

/// An open stream.
pub struct Stream<'a> {
    socket: Socket,
    config: StreamConfig,
    signer: &'a dyn Signer,
    tip: Option<Tip>,
    /// What the node said when it opened the stream.
    pub ready: Ready,
    sent_until: u64,
}

impl std::fmt::Debug for Stream<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").field("ready", &self.ready).finish_non_exhaustive()
    }
}

/// What a node says of a stream it opens.
#[derive(Clone, Debug)]
pub struct Ready {
    /// Engine.
    pub engine: String,
    /// File name of the model.
    pub model: String,
    /// SHA-256 of the model file, hex.
    pub model_sha256: String,
    /// Position in the session's audio of the first sample to send.
    pub next_sample: u64,
}

impl<'a> Stream<'a> {
    /// Connects and opens a stream; `signer` is the session's voucher signer.
    pub async fn open(config: StreamConfig, signer: &'a dyn Signer) -> Result<Self, StreamError> {
        let url = websocket_url(&config.endpoint, STREAM_PATH);
        let failed = |reason: String| StreamError::Connection { url: url.clone(), reason };
        let (mut socket, _) =
            connect_async(&url).await.map_err(|error| failed(error.to_string()))?;
        let request = StreamOpen {
            session: config.terms.session,
            node_key: config.node_key.to_bytes(),
            issued_at_unix_ms: unix_ms(),
            nonce: rand::random(),
        };
        let open = evidence::sign(&request, &config.domain, signer)
            .map_err(|error| StreamError::Sign(error.to_string()))?;
        let message =
            ClientMessage::Config { open, language: config.language.clone(), live: config.live };
        send_json(&mut socket, &message).await.map_err(&failed)?;
        let ready = match next_json(&mut socket).await.map_err(&failed)? {
            Some(ServerMessage::Ready { engine, model, model_sha256, next_sample, .. }) => {
                Ready { engine, model, model_sha256, next_sample }
            }
            Some(ServerMessage::Error { code, message }) => {
                return Err(StreamError::Refused { code, message });
            }
            other => return Err(StreamError::Protocol(format!("expected ready, got {other:?}"))),
        };
        let tip = config.tip;
        let sent_until = ready.next_sample;
        Ok(Self { socket, config, signer, tip, ready, sent_until })
    }

    /// Position in the session's audio up to which audio has been sent.
    pub const fn sent_until(&self) -> u64 {
        self.sent_until
    }

    /// Sends audio: 16 kHz, mono. The caller keeps within the last credit.
    pub async fn send_audio(&mut self, pcm: &[i16]) -> Result<(), StreamError> {
        for frame in pcm.chunks(FRAME_SAMPLES) {
            let bytes: Vec<u8> = frame.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            self.socket
                .send(Message::Binary(bytes.into()))
                .await
                .map_err(|error| self.broken(error.to_string()))?;
            self.sent_until += frame.len() as u64;
        }
        Ok(())
    }

    /// Says that no more audio will come.
    pub async fn finish(&mut self) -> Result<(), StreamError> {
        send_json(&mut self.socket, &ClientMessage::Finish)
            .await
            .map_err(|reason| self.broken(reason))
    }

    /// The next event; receipts are checked and answered with a voucher before they are returned.
    ///
    /// Cancel safe but for a receipt in the middle of being paid, which the node offers again when
    /// the session is continued.
    pub async fn next(&mut self) -> Result<StreamEvent, StreamError> {
        loop {
            if let Some(event) = self.next_message().await? {
                return Ok(event);
            }
        }
    }

    /// The next message; `None` if it was dealt with here.
    async fn next_message(&mut self) -> Result<Option<StreamEvent>, StreamError> {
        let message = match next_json(&mut self.socket).await {
            Ok(Some(message)) => message,
            Ok(None) => return Err(self.broken("closed by the node".into())),
            Err(reason) => return Err(self.broken(reason)),
        };
        match message {
            ServerMessage::Credit { until_sample } => {
                Ok(Some(StreamEvent::Credit { until_sample }))
            }
            ServerMessage::Transcription {
                text,
                start,
                end,
                confidence,
                language,
                is_final,
                latency_ms,
            } => Ok(Some(StreamEvent::Transcription {
                text,
                start,
                end,
                confidence,
                language,
                is_final,
                latency_ms,
            })),
            ServerMessage::VadEvent { event, at } => Ok(Some(StreamEvent::Vad { event, at })),
            ServerMessage::Receipt { receipt } => self.on_receipt(receipt).await,
            ServerMessage::Ended { reason, message } => {
                Ok(Some(StreamEvent::Ended { reason, message }))
            }
            ServerMessage::Error { code, message } => Err(StreamError::Refused { code, message }),
            ServerMessage::Ready { .. } => Err(StreamError::Protocol("ready twice".into())),
        }
    }

    async fn on_receipt(
        &mut self,
        archived: ArchivedReceipt,
    ) -> Result<Option<StreamEvent>, StreamError> {
        // The last receipt again: its voucher was lost with the connection. It says the same.
        if let Some(tip) = self.tip.filter(|tip| tip.hash == archived.signed.hash()) {
            self.vouch(&tip).await?;
            return Ok(None);
        }
        let (receipt, tip) = self.check(&archived)?;
        let voucher = self.vouch(&tip).await?;
        self.tip = Some(tip);
        let paid = PaidMinute { receipt, archived, voucher };
        Ok(Some(StreamEvent::Minute(Box::new(paid))))
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
        send_json(&mut self.socket, &ClientMessage::Voucher { voucher: voucher.clone() })
            .await
            .map_err(|reason| self.broken(reason))?;
        Ok(voucher)
    }

    /// Everything the app can know about a receipt before it pays.
    fn check(&self, archived: &ArchivedReceipt) -> Result<(Receipt, Tip), StreamError> {
        let false_receipt = |why: &str| StreamError::FalseReceipt(why.into());
        if archived.signed.public_key != self.config.node_key.to_bytes()
            || !evidence::is_genuine(&archived.signed)
        {
            return Err(false_receipt("not signed by the node"));
        }
        let receipt = Receipt::from_signing_bytes(&archived.signed.bytes, &self.config.domain)
            .map_err(|error| StreamError::FalseReceipt(error.to_string()))?;
        // After a lost connection the node may offer a receipt from before this client knew the
        // session: then it stands at the head of what this client can check.
        receipt.check(&self.config.terms, self.tip.as_ref())?;
        if receipt.media_end_sample > self.sent_until {
            return Err(false_receipt("covers audio that was not sent"));
        }
        if archived.records.len() != receipt.records_count as usize
            || records_root(&archived.records) != receipt.records_root
        {
            return Err(false_receipt("records do not have the root it names"));
        }
        let tip = receipt.tip(archived.signed.hash());
        Ok((receipt, tip))
    }

    fn broken(&self, reason: String) -> StreamError {
        StreamError::Connection { url: websocket_url(&self.config.endpoint, STREAM_PATH), reason }
    }
}

/// The session's last receipt and where it stands, found from a receipt the app kept.
pub fn tip_of(receipt: &Signed, domain: &Domain) -> Result<Tip, Error> {
    let message: Receipt =
        receipt.message(domain).map_err(|error| Error::decode("receipt", error))?;
    Ok(message.tip(receipt.hash()))
}
