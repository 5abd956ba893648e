//! Turns a worker's progress into receipts. Pure: time is an argument.
//!
//! A minute is 60 s of audio, however fast it comes. It is over once all of its audio is answered
//! for; a record belongs to the minute in which its audio ends.

use heliograph_protocol::price::{TRANSCRIPTION_RATE_HZ, Usage, started_secs};
use heliograph_protocol::receipt::{Quality, Receipt, Terms, Tip};
use heliograph_protocol::record::{Record, records_root};
use heliograph_protocol::service::Service;
use heliograph_protocol::{SECS_PER_MINUTE, minute_index};

#[cfg(test)]
mod tests;

/// Samples in a minute.
pub const MINUTE_SAMPLES: u64 = SECS_PER_MINUTE * TRANSCRIPTION_RATE_HZ as u64;

/// What is needed to charge for the minute under way.
#[derive(Debug)]
pub struct Meter {
    terms: Terms,
    tip: Option<Tip>,
    opened_at_unix_ms: u64,
    records: Vec<Record>,
    latencies_ms: Vec<u32>,
    bytes_in: u64,
    bytes_out: u64,
}

/// A receipt to be signed, with its records.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    pub receipt: Receipt,
    pub records: Vec<Record>,
}

impl Meter {
    /// Continues a session after `tip`.
    pub fn new(terms: Terms, tip: Option<Tip>, now_unix_ms: u64) -> Self {
        Self {
            terms,
            tip,
            opened_at_unix_ms: now_unix_ms,
            records: Vec::new(),
            latencies_ms: Vec::new(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Where the minute under way begins.
    pub fn minute_start(&self) -> u64 {
        self.tip.map_or(0, |tip| tip.media_end_sample)
    }

    /// Where it ends if it is served to the end.
    pub fn minute_end(&self) -> u64 {
        self.minute_start().saturating_add(MINUTE_SAMPLES)
    }

    /// What the session has cost up to the last receipt.
    pub fn cumulative_micro_usdc(&self) -> u64 {
        self.tip.map_or(0, |tip| tip.cumulative_micro_usdc)
    }

    /// Counts audio that came in.
    pub fn received(&mut self, bytes: u64) {
        self.bytes_in = self.bytes_in.saturating_add(bytes);
    }

    /// Counts a message that went out.
    pub fn sent(&mut self, bytes: u64) {
        self.bytes_out = self.bytes_out.saturating_add(bytes);
    }

    /// Takes a segment's record.
    pub fn record(&mut self, record: Record, latency_ms: u32) {
        self.records.push(record);
        self.latencies_ms.push(latency_ms);
    }

    /// Ends the minute at `end_sample`, the whole minute or less; `None` when that is no audio at
    /// all, or the session's amounts would overflow. The receipt counts only once [`Self::signed`]
    /// is called.
    pub fn close(&self, end_sample: u64, now_unix_ms: u64) -> Option<Closed> {
        let start = self.minute_start();
        let end = end_sample.min(self.minute_end());
        let samples = end.checked_sub(start).filter(|samples| *samples > 0)?;
        let secs = u32::try_from(started_secs(samples, TRANSCRIPTION_RATE_HZ)).ok()?;
        let records: Vec<Record> =
            self.records.iter().filter(|r| r.audio_end_sample <= end).cloned().collect();
        let mut usage =
            Usage { bytes_in: self.bytes_in, bytes_out: self.bytes_out, ..Usage::default() };
        usage.secs[Service::Transcription as usize] = secs;
        let amount = self.terms.prices.amount_micro_usdc(&usage)?;
        // A clock set back in between must not make a receipt that contradicts itself.
        let closed_at_unix_ms = now_unix_ms.max(self.opened_at_unix_ms);
        let receipt = Receipt {
            channel: self.terms.channel,
            session: self.terms.session,
            sequence: self.tip.map_or(Some(0), |tip| tip.sequence.checked_add(1))?,
            minute_index: minute_index(closed_at_unix_ms / 1_000),
            opened_at_unix_ms: self.opened_at_unix_ms,
            closed_at_unix_ms,
            media_start_sample: start,
            media_end_sample: end,
            usage,
            quality: Quality {
                transcript_latency_p95_ms: percentile_95(&self.latencies_ms),
                ..Quality::default()
            },
            records_count: u32::try_from(records.len()).ok()?,
            records_root: records_root(&records),
            amount_micro_usdc: amount,
            cumulative_micro_usdc: self.cumulative_micro_usdc().checked_add(amount)?,
            previous_receipt_hash: self.tip.map_or([0; 32], |tip| tip.hash),
        };
        Some(Closed { receipt, records })
    }

    /// Begins the next minute after a receipt that has been signed and recorded as `tip`.
    pub fn signed(&mut self, tip: Tip, now_unix_ms: u64) {
        self.records.retain(|record| record.audio_end_sample > tip.media_end_sample);
        self.tip = Some(tip);
        self.opened_at_unix_ms = now_unix_ms;
        self.latencies_ms.clear();
        self.bytes_in = 0;
        self.bytes_out = 0;
    }
}

/// The value that 95 % of `values` do not exceed (nearest rank); 0 for none.
pub fn percentile_95(values: &[u32]) -> u32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * 95).div_ceil(100);
    rank.checked_sub(1).and_then(|index| sorted.get(index)).copied().unwrap_or(0)
}
