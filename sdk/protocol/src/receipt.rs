//! Receipts: a node's signed statement of one served minute of a session.

use crate::domain::{Message, MessageKind};
use crate::hash::Hash;
use crate::price::{Prices, TRANSCRIPTION_RATE_HZ, Usage, started_secs};
use crate::service::{Service, ServiceSet};
use crate::{Address, SECS_PER_MINUTE};
use borsh::{BorshDeserialize, BorshSerialize};

/// What the minute was like, as the node saw it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Quality {
    /// 95th percentile of round-trip time to the participants, in ms; 0 if not measured.
    pub rtt_p95_ms: u32,
    /// 95th percentile of interarrival jitter (RFC 3550), in ms; 0 if not measured.
    pub jitter_p95_ms: u32,
    /// Packets lost, in parts per million of those sent.
    pub loss_ppm: u32,
    /// 95th percentile of the time from a speech segment's last sample reaching the node to its
    /// final text, in ms; 0 if nothing was transcribed.
    pub transcript_latency_p95_ms: u32,
}

/// One served minute. The node signs its canonical bytes.
///
/// A session's receipts form a chain: `sequence` counts from 0 without gaps and
/// `previous_receipt_hash` names the one before. Two different receipts of one node for the same
/// session and sequence are equivocation.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Receipt {
    /// Channel account the session belongs to.
    pub channel: Address,
    /// Session account.
    pub session: Address,
    /// Ordinal of this minute in the session, from 0.
    pub sequence: u32,
    /// Wall-clock minute in which the receipt was made ([`crate::minute_index`]).
    pub minute_index: u64,
    /// Unix time in ms when the node began to serve this minute.
    pub opened_at_unix_ms: u64,
    /// Unix time in ms when the node made the receipt.
    pub closed_at_unix_ms: u64,
    /// Part of the session's audio that was transcribed, as samples at
    /// [`crate::price::TRANSCRIPTION_RATE_HZ`] counted from the start of the session: the first
    /// one, and the one after the last. Receipts leave no gap and no overlap. Equal if nothing was.
    pub media_start_sample: u64,
    /// End of that part.
    pub media_end_sample: u64,
    /// What was served.
    pub usage: Usage,
    /// How it was served.
    pub quality: Quality,
    /// Number of AI records of the minute.
    pub records_count: u32,
    /// Merkle root over them ([`crate::merkle::root`] of [`crate::record::Record::leaf`]).
    pub records_root: Hash,
    /// Price of this minute: [`Prices::amount_micro_usdc`] of `usage`.
    pub amount_micro_usdc: u64,
    /// Sum of the session's amounts up to and including this one.
    pub cumulative_micro_usdc: u64,
    /// Hash of the session's previous receipt, zeros for the first.
    pub previous_receipt_hash: Hash,
}

impl Message for Receipt {
    const KIND: MessageKind = MessageKind::Receipt;
}

/// What a session was opened for: the part of the session account that binds receipts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Channel account.
    pub channel: Address,
    /// Session account.
    pub session: Address,
    /// Kinds bought.
    pub services: ServiceSet,
    /// Prices fixed when the session was opened.
    pub prices: Prices,
    /// The most the session may cost.
    pub cap_micro_usdc: u64,
}

/// A session's last known receipt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tip {
    /// Its ordinal.
    pub sequence: u32,
    /// Its cumulative amount.
    pub cumulative_micro_usdc: u64,
    /// Where its audio ends.
    pub media_end_sample: u64,
    /// Its hash.
    pub hash: Hash,
}

/// Why a receipt does not follow from the terms and the receipt before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReceiptError {
    /// Names another channel or session.
    OtherSession,
    /// The ordinal is not the next one.
    Sequence {
        /// The ordinal that would have followed.
        expected: u32,
        /// The receipt's ordinal.
        found: u32,
    },
    /// `previous_receipt_hash` is not the hash of the receipt before.
    BrokenChain,
    /// Time is charged for a kind that the session did not buy.
    ServiceNotBought(Service),
    /// More than 60 s of transcription in one minute.
    MinuteTooLong(u32),
    /// The audio does not begin where the receipt before ended, or the seconds charged are not
    /// its length in started seconds.
    Media,
    /// Closed before it was opened, or `minute_index` is not that of the closing time.
    Times,
    /// `amount_micro_usdc` is not the price of the usage.
    Amount {
        /// The price of the usage.
        expected: u64,
        /// The receipt's amount.
        found: u64,
    },
    /// `cumulative_micro_usdc` is not the previous one plus the amount.
    Cumulative {
        /// The sum.
        expected: u64,
        /// The receipt's cumulative amount.
        found: u64,
    },
    /// The session's cap is exceeded.
    OverCap,
    /// An amount does not fit 64 bits.
    Overflow,
}

impl core::fmt::Display for ReceiptError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::OtherSession => write!(f, "receipt of another session"),
            Self::Sequence { expected, found } => {
                write!(f, "receipt {found} where receipt {expected} should follow")
            }
            Self::BrokenChain => write!(f, "receipt does not name the one before it"),
            Self::ServiceNotBought(service) => {
                write!(f, "receipt charges {}, which the session did not buy", service.name())
            }
            Self::MinuteTooLong(secs) => write!(f, "receipt charges {secs} s in one minute"),
            Self::Media => write!(f, "receipt charges other audio than it covers"),
            Self::Times => write!(f, "receipt times contradict each other"),
            Self::Amount { expected, found } => {
                write!(f, "receipt asks {found} micro-USDC where the usage costs {expected}")
            }
            Self::Cumulative { expected, found } => {
                write!(f, "receipt adds up to {found} micro-USDC, expected {expected}")
            }
            Self::OverCap => write!(f, "receipt exceeds the session's cap"),
            Self::Overflow => write!(f, "receipt amount overflows"),
        }
    }
}

impl core::error::Error for ReceiptError {}

impl Receipt {
    /// The receipt as the one that others follow; `hash` is its own.
    pub const fn tip(&self, hash: Hash) -> Tip {
        Tip {
            sequence: self.sequence,
            cumulative_micro_usdc: self.cumulative_micro_usdc,
            media_end_sample: self.media_end_sample,
            hash,
        }
    }

    /// Checks everything about the receipt that needs neither a signature nor the AI records:
    /// the app before it signs a voucher, and the auditor afterwards.
    pub fn check(&self, terms: &Terms, previous: Option<&Tip>) -> Result<(), ReceiptError> {
        if self.channel != terms.channel || self.session != terms.session {
            return Err(ReceiptError::OtherSession);
        }
        let (expected, previous_hash, before, media_start) = match previous {
            None => (0, [0; 32], 0, 0),
            Some(tip) => (
                tip.sequence.checked_add(1).ok_or(ReceiptError::Overflow)?,
                tip.hash,
                tip.cumulative_micro_usdc,
                tip.media_end_sample,
            ),
        };
        if self.sequence != expected {
            return Err(ReceiptError::Sequence { expected, found: self.sequence });
        }
        if self.previous_receipt_hash != previous_hash {
            return Err(ReceiptError::BrokenChain);
        }
        if let Some(&service) =
            Service::ALL.iter().find(|&&s| self.usage.secs(s) > 0 && !terms.services.has(s))
        {
            return Err(ReceiptError::ServiceNotBought(service));
        }
        let transcribed_secs = self.usage.secs(Service::Transcription);
        if u64::from(transcribed_secs) > SECS_PER_MINUTE {
            return Err(ReceiptError::MinuteTooLong(transcribed_secs));
        }
        let samples = self.media_end_sample.checked_sub(self.media_start_sample);
        let covered = samples.map(|samples| started_secs(samples, TRANSCRIPTION_RATE_HZ));
        if self.media_start_sample != media_start || covered != Some(transcribed_secs.into()) {
            return Err(ReceiptError::Media);
        }
        if self.closed_at_unix_ms < self.opened_at_unix_ms
            || self.minute_index != crate::minute_index(self.closed_at_unix_ms / 1_000)
        {
            return Err(ReceiptError::Times);
        }
        self.check_amounts(terms, before)
    }

    fn check_amounts(&self, terms: &Terms, before: u64) -> Result<(), ReceiptError> {
        let amount = terms.prices.amount_micro_usdc(&self.usage).ok_or(ReceiptError::Overflow)?;
        if self.amount_micro_usdc != amount {
            return Err(ReceiptError::Amount { expected: amount, found: self.amount_micro_usdc });
        }
        let cumulative = before.checked_add(amount).ok_or(ReceiptError::Overflow)?;
        if self.cumulative_micro_usdc != cumulative {
            return Err(ReceiptError::Cumulative {
                expected: cumulative,
                found: self.cumulative_micro_usdc,
            });
        }
        if cumulative > terms.cap_micro_usdc {
            return Err(ReceiptError::OverCap);
        }
        Ok(())
    }
}
