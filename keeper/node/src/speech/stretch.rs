//! A minute of one key's audio, as it becomes a receipt of the session that pays. Pure.
//!
//! ```text
//! key's audio       ├──────── minute ────────┤──── minute ────┤
//! session's audio   … other keys │ ├──────────────────────┤ │ other keys …
//! ```
//!
//! A session's receipts follow each other without gap and overlap, and so do the records in them. So
//! a receipt covers audio of one key, of which no segment reaches out on either side: a minute ends
//! with the last whole second within 60 s that no segment spans, and where speech leaves none, with
//! the last segment.

use crate::meter::{Closed, MINUTE_SAMPLES, percentile_95};
use heliograph_protocol::minute_index;
use heliograph_protocol::price::{TRANSCRIPTION_RATE_HZ, Usage, started_secs};
use heliograph_protocol::receipt::{Quality, Receipt, Terms, Tip};
use heliograph_protocol::record::{Record, records_root};
use heliograph_protocol::service::Service;

#[cfg(test)]
mod tests;

const SAMPLES_PER_SEC: u64 = TRANSCRIPTION_RATE_HZ as u64;
/// Seconds below which a minute is not cut short for the sake of a whole second: two segments of
/// the longest kind (25 s) fit above them.
const WHOLE_SECS_MIN: u64 = 30;

/// The minute under way. Positions count from the start of the key's audio.
#[derive(Debug)]
pub struct Stretch {
    start: u64,
    done: u64,
    opened_at_unix_ms: u64,
    records: Vec<Record>,
    latencies_ms: Vec<u32>,
    bytes_in: u64,
    bytes_out: u64,
}

impl Stretch {
    /// A minute that begins at a position.
    pub const fn new(start: u64, now_unix_ms: u64) -> Self {
        Self {
            start,
            done: start,
            opened_at_unix_ms: now_unix_ms,
            records: Vec::new(),
            latencies_ms: Vec::new(),
            bytes_in: 0,
            bytes_out: 0,
        }
    }

    /// Where it begins.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// Up to where audio has been answered for.
    pub const fn done(&self) -> u64 {
        self.done
    }

    /// Whether there is nothing to charge.
    pub const fn is_empty(&self) -> bool {
        self.done == self.start
    }

    /// Somebody streams: a minute of which nothing was served begins now.
    pub const fn resume(&mut self, now_unix_ms: u64) {
        if self.is_empty() {
            self.opened_at_unix_ms = now_unix_ms;
        }
    }

    /// Counts audio that came in.
    pub const fn received(&mut self, bytes: u64) {
        self.bytes_in = self.bytes_in.saturating_add(bytes);
    }

    /// Counts a message that went out.
    pub const fn sent(&mut self, bytes: u64) {
        self.bytes_out = self.bytes_out.saturating_add(bytes);
    }

    /// Takes a segment's record.
    pub fn record(&mut self, record: Record, latency_ms: u32) {
        self.records.push(record);
        self.latencies_ms.push(latency_ms);
    }

    /// Audio before `position` is answered for.
    pub fn answered(&mut self, position: u64) {
        self.done = self.done.max(position);
    }

    /// What was served past `limit` is not charged: nobody pays for it.
    pub fn bound(&mut self, limit: u64) {
        self.done = self.done.min(limit).max(self.start);
    }

    /// Where the minute ends, once all of it is answered for.
    pub fn full(&self) -> Option<u64> {
        let last = self.start.saturating_add(MINUTE_SAMPLES);
        if self.done < last {
            return None;
        }
        let spanned = |at: u64| {
            let spans = |r: &Record| r.audio_start_sample < at && at < r.audio_end_sample;
            self.records.iter().any(spans)
        };
        let secs = (WHOLE_SECS_MIN..=MINUTE_SAMPLES / SAMPLES_PER_SEC).rev();
        let whole = secs.map(|secs| self.start + secs * SAMPLES_PER_SEC).find(|at| !spanned(*at));
        let ends = self.records.iter().map(|r| r.audio_end_sample).filter(|end| *end <= last);
        Some(whole.or_else(|| ends.max()).filter(|end| *end > self.start).unwrap_or(last))
    }

    /// The receipt for the minute up to `end`, after the session's last one; `None` when that is no
    /// audio at all, or the session's amounts would overflow. It counts only once [`Self::cut`] is
    /// called.
    pub fn close(
        &self,
        terms: &Terms,
        tip: Option<&Tip>,
        end: u64,
        now_unix_ms: u64,
    ) -> Option<Closed> {
        let end = end.min(self.start.saturating_add(MINUTE_SAMPLES));
        let samples = end.checked_sub(self.start).filter(|samples| *samples > 0)?;
        let media_start = tip.map_or(0, |tip| tip.media_end_sample);
        let in_session = |at: u64| media_start.saturating_add(at.saturating_sub(self.start));
        let records: Vec<Record> = self
            .records
            .iter()
            .filter(|record| record.audio_end_sample <= end)
            .map(|record| Record {
                audio_start_sample: in_session(record.audio_start_sample),
                audio_end_sample: in_session(record.audio_end_sample),
                ..record.clone()
            })
            .collect();
        let mut usage =
            Usage { bytes_in: self.bytes_in, bytes_out: self.bytes_out, ..Usage::default() };
        usage.secs[Service::Transcription as usize] =
            u32::try_from(started_secs(samples, TRANSCRIPTION_RATE_HZ)).ok()?;
        let amount = terms.prices.amount_micro_usdc(&usage)?;
        // A clock set back in between must not make a receipt that contradicts itself.
        let closed_at_unix_ms = now_unix_ms.max(self.opened_at_unix_ms);
        let receipt = Receipt {
            channel: terms.channel,
            session: terms.session,
            sequence: tip.map_or(Some(0), |tip| tip.sequence.checked_add(1))?,
            minute_index: minute_index(closed_at_unix_ms / 1_000),
            opened_at_unix_ms: self.opened_at_unix_ms,
            closed_at_unix_ms,
            media_start_sample: media_start,
            media_end_sample: media_start.checked_add(samples)?,
            usage,
            quality: Quality {
                transcript_latency_p95_ms: percentile_95(&self.latencies_ms),
                ..Quality::default()
            },
            records_count: u32::try_from(records.len()).ok()?,
            records_root: records_root(&records),
            amount_micro_usdc: amount,
            cumulative_micro_usdc: tip
                .map_or(0, |tip| tip.cumulative_micro_usdc)
                .checked_add(amount)?,
            previous_receipt_hash: tip.map_or([0; 32], |tip| tip.hash),
        };
        Some(Closed { receipt, records })
    }

    /// Begins the next minute at `end`, up to where a receipt has been signed and recorded. A segment
    /// that reaches over it, served past what is paid, is in no receipt: in none would it lie whole.
    pub fn cut(&mut self, end: u64, now_unix_ms: u64) {
        self.records.retain(|record| record.audio_start_sample >= end);
        self.start = end;
        self.done = self.done.max(end);
        self.opened_at_unix_ms = now_unix_ms;
        self.latencies_ms.clear();
        self.bytes_in = 0;
        self.bytes_out = 0;
    }
}
