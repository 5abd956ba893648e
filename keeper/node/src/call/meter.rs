//! Turns what the SFU worker reports into receipts. Pure: time is an argument.
//!
//! A minute of calls is one of the clock. What was reported in it is charged in it; whatever the
//! bounds of docs/decisions/0030 leave no room for waits for the next one.

use super::transcripts::{Heard, Taken, Transcripts, Whose};
use crate::meter::percentile_95;
use heliograph_client::call::ParticipantUsage;
use heliograph_client::call::bounds::{Bounds, span_ms, total};
use heliograph_protocol::price::{Prices, TRANSCRIPTION_RATE_HZ, Usage, started_secs};
use heliograph_protocol::receipt::{Quality, Receipt, Terms, Tip};
use heliograph_protocol::record::{Record, records_root};
use heliograph_protocol::service::Service;
use heliograph_protocol::{SECS_PER_MINUTE, minute_index};
use heliograph_worker_ipc::call::{CallQuality, CallUsage};
use std::collections::BTreeMap;

#[cfg(test)]
mod tests;

/// What has been reported and not been charged.
#[derive(Debug, Default)]
pub struct Counted {
    /// By room and identity.
    participants: BTreeMap<(String, String), ParticipantUsage>,
    /// Of each report.
    qualities: Vec<CallQuality>,
    /// What was transcribed.
    transcripts: Transcripts,
    /// What all that is counted may cost before nothing more is transcribed.
    transcription_limit_micro_usdc: u64,
}

/// Samples of a second.
const SECOND_SAMPLES: u64 = TRANSCRIPTION_RATE_HZ as u64;

impl Counted {
    /// Takes a report in.
    pub fn add(&mut self, entries: Vec<CallUsage>, quality: CallQuality) {
        self.qualities.push(quality);
        for entry in entries {
            let CallUsage { room, identity, .. } = entry;
            let usage =
                self.participants.entry((room.clone(), identity.clone())).or_insert_with(|| {
                    ParticipantUsage { room, identity, ..ParticipantUsage::default() }
                });
            usage.audio_secs = usage.audio_secs.saturating_add(entry.audio_secs);
            usage.video_secs = usage.video_secs.saturating_add(entry.video_secs);
            usage.data_secs = usage.data_secs.saturating_add(entry.data_secs);
            usage.bytes_in = usage.bytes_in.saturating_add(entry.bytes_in);
            usage.bytes_out = usage.bytes_out.saturating_add(entry.bytes_out);
        }
    }

    /// What all of it would cost.
    pub fn price_micro_usdc(&self, prices: &Prices) -> u64 {
        self.price_with(prices, self.transcripts.samples())
    }

    /// What it would cost without transcription.
    pub fn media_price_micro_usdc(&self, prices: &Prices) -> u64 {
        self.price_with(prices, 0)
    }

    fn price_with(&self, prices: &Prices, samples: u64) -> u64 {
        let all: Vec<ParticipantUsage> = self.participants.values().cloned().collect();
        let price = total(&all).and_then(|mut usage| {
            let secs = started_secs(samples, TRANSCRIPTION_RATE_HZ);
            usage.secs[Service::Transcription as usize] = u32::try_from(secs).ok()?;
            prices.amount_micro_usdc(&usage)
        });
        price.unwrap_or(u64::MAX)
    }

    /// Where the session's transcribed audio stands by the last receipt.
    pub fn start_at(&mut self, sample: u64) {
        self.transcripts.start_at(sample);
    }

    /// Up to which cost transcription goes on.
    pub const fn limit_transcription(&mut self, micro_usdc: u64) {
        self.transcription_limit_micro_usdc = micro_usdc;
    }

    /// Takes in a stretch of a tap that was answered for: `tap_start` is where it begins in the
    /// tap. `false` if it cannot be paid: then it is not to be delivered either.
    pub fn transcribed(
        &mut self,
        prices: &Prices,
        whose: Whose,
        (tap_start, samples): (u64, u64),
        heard: Option<Heard>,
    ) -> bool {
        let with = self.transcripts.samples().saturating_add(samples);
        if self.price_with(prices, with) > self.transcription_limit_micro_usdc {
            return false;
        }
        self.transcripts.push(whose, tap_start, samples, heard);
        true
    }

    /// Samples that were transcribed and not charged.
    pub const fn transcribed_samples(&self) -> u64 {
        self.transcripts.samples()
    }

    /// The reports' figures in one: of percentiles the 95th, of lost packets their share.
    fn quality(&self) -> Quality {
        let of = |figure: fn(&CallQuality) -> u32| {
            let measured = self.qualities.iter().map(figure).filter(|&figure| figure > 0);
            percentile_95(&measured.collect::<Vec<u32>>())
        };
        let sum = |count: fn(&CallQuality) -> u64| {
            self.qualities.iter().map(count).fold(0u64, u64::saturating_add)
        };
        let (packets, lost) = (sum(|quality| quality.packets), sum(|quality| quality.packets_lost));
        let ppm = u128::from(lost.min(packets)) * 1_000_000 / u128::from(packets.max(1));
        Quality {
            rtt_p95_ms: of(|quality| quality.rtt_p95_ms),
            jitter_p95_ms: of(|quality| quality.jitter_p95_ms),
            loss_ppm: u32::try_from(ppm).unwrap_or(1_000_000),
            transcript_latency_p95_ms: 0,
        }
    }
}

/// What is needed to charge for the minute under way.
#[derive(Debug)]
pub struct CallMeter {
    terms: Terms,
    tip: Option<Tip>,
    opened_at_unix_ms: u64,
    bounds: Bounds,
}

/// A receipt to be signed, with what it consists of.
#[derive(Debug, PartialEq, Eq)]
pub struct Closed {
    pub receipt: Receipt,
    pub records: Vec<Record>,
    pub participants: Vec<ParticipantUsage>,
}

impl CallMeter {
    /// Continues a session after `tip`.
    pub fn new(terms: Terms, tip: Option<Tip>, now_unix_ms: u64) -> Self {
        Self { terms, tip, opened_at_unix_ms: now_unix_ms, bounds: Bounds::default() }
    }

    /// Ordinal of the next receipt; `None` when there can be no more.
    pub fn next_sequence(&self) -> Option<u32> {
        self.tip.map_or(Some(0), |tip| tip.sequence.checked_add(1))
    }

    /// What the session has cost up to the last receipt.
    pub fn cumulative_micro_usdc(&self) -> u64 {
        self.tip.map_or(0, |tip| tip.cumulative_micro_usdc)
    }

    /// Ends the minute: charges what was counted as far as bounds and `left_micro_usdc` allow, and
    /// takes that out of `counted`. `None` when there is nothing to charge. The receipt counts only
    /// once [`Self::signed`] is called.
    ///
    /// A receipt has at most a minute of transcription: several who speak at once make several
    /// receipts. While the session goes on, whole seconds are charged; what a second was begun with
    /// is charged in the end.
    pub fn close(
        &self,
        counted: &mut Counted,
        left_micro_usdc: u64,
        now_unix_ms: u64,
        is_last: bool,
    ) -> Option<Closed> {
        // A clock set back in between must not make a receipt that contradicts itself.
        let closed_at_unix_ms = now_unix_ms.max(self.opened_at_unix_ms);
        let span = span_ms(self.opened_at_unix_ms, closed_at_unix_ms);
        let (mut participants, usage) = self.charge(counted, span, left_micro_usdc);
        let samples = self.chargeable_samples(counted, span, usage, left_micro_usdc, is_last);
        let has_secs = |usage: &ParticipantUsage| usage.secs().iter().any(|&secs| secs > 0);
        if samples == 0 && !participants.iter().any(has_secs) {
            // Who was never served a second leaves nothing behind.
            counted.participants.retain(|_, usage| has_secs(usage));
            return None;
        }
        for charged in &participants {
            let key = (charged.room.clone(), charged.identity.clone());
            if let Some(usage) = counted.participants.get_mut(&key) {
                subtract(usage, charged);
            }
        }
        counted.participants.retain(|_, usage| has_secs(usage));
        let Taken { stretches, heard } = counted.transcripts.take(samples);
        for ((room, identity), samples) in stretches {
            let is_theirs =
                |usage: &&mut ParticipantUsage| usage.room == room && usage.identity == identity;
            match participants.iter_mut().find(is_theirs) {
                Some(usage) => usage.transcribed_samples = samples,
                None => participants.push(ParticipantUsage {
                    room,
                    identity,
                    transcribed_samples: samples,
                    ..ParticipantUsage::default()
                }),
            }
        }
        let usage = total(&participants)?;
        let latencies_ms: Vec<u32> = heard.iter().map(|heard| heard.latency_ms).collect();
        let quality = Quality {
            transcript_latency_p95_ms: percentile_95(&latencies_ms),
            ..counted.quality()
        };
        counted.qualities.clear();
        let records: Vec<Record> = heard.into_iter().map(|heard| heard.record).collect();
        let amount = self.terms.prices.amount_micro_usdc(&usage)?;
        let start = self.tip.map_or(0, |tip| tip.media_end_sample);
        let receipt = Receipt {
            channel: self.terms.channel,
            session: self.terms.session,
            sequence: self.next_sequence()?,
            minute_index: minute_index(closed_at_unix_ms / 1_000),
            opened_at_unix_ms: self.opened_at_unix_ms,
            closed_at_unix_ms,
            media_start_sample: start,
            media_end_sample: start.checked_add(samples)?,
            usage,
            quality,
            records_count: u32::try_from(records.len()).ok()?,
            records_root: records_root(&records),
            amount_micro_usdc: amount,
            cumulative_micro_usdc: self.cumulative_micro_usdc().checked_add(amount)?,
            previous_receipt_hash: self.tip.map_or([0; 32], |tip| tip.hash),
        };
        Some(Closed { receipt, records, participants })
    }

    /// Begins the next minute after a receipt that has been signed and recorded as `tip`.
    pub fn signed(&mut self, tip: Tip, closed: &Closed) {
        let Receipt { opened_at_unix_ms, closed_at_unix_ms, .. } = closed.receipt;
        self.bounds.advance(&closed.participants, span_ms(opened_at_unix_ms, closed_at_unix_ms));
        self.tip = Some(tip);
        self.opened_at_unix_ms = closed_at_unix_ms;
    }

    /// Nothing was served up to now: the next minute begins here.
    pub fn idle_until(&mut self, now_unix_ms: u64) {
        let now_unix_ms = now_unix_ms.max(self.opened_at_unix_ms);
        self.bounds.advance(&[], span_ms(self.opened_at_unix_ms, now_unix_ms));
        self.opened_at_unix_ms = now_unix_ms;
    }

    /// How many samples of what was transcribed can be charged beside `usage`.
    fn chargeable_samples(
        &self,
        counted: &Counted,
        span: u64,
        mut usage: Usage,
        left_micro_usdc: u64,
        is_last: bool,
    ) -> u64 {
        let samples = counted
            .transcripts
            .chargeable(|(room, identity)| self.bounds.samples_for(room, identity, span))
            .min(SECS_PER_MINUTE * SECOND_SAMPLES);
        let is_rest = is_last && samples == counted.transcripts.samples();
        let samples = if is_rest { samples } else { samples - samples % SECOND_SAMPLES };
        let secs = u32::try_from(started_secs(samples, TRANSCRIPTION_RATE_HZ)).unwrap_or(0);
        let service = Service::Transcription;
        let affordable = self.affordable(&mut usage, service, secs, left_micro_usdc);
        samples.min(u64::from(affordable) * SECOND_SAMPLES)
    }

    /// What of `counted` can be charged in `span` seconds for at most `left_micro_usdc`, without
    /// transcription, and its sum.
    fn charge(
        &self,
        counted: &Counted,
        span: u64,
        left_micro_usdc: u64,
    ) -> (Vec<ParticipantUsage>, Usage) {
        let (mut charged, mut sum) = (Vec::new(), Usage::default());
        for usage in counted.participants.values() {
            let room = self.bounds.room_for(&usage.room, &usage.identity, span);
            let mut share = usage.clone();
            share.audio_secs = share.audio_secs.min(room[0]);
            share.video_secs = share.video_secs.min(room[1]);
            share.data_secs = share.data_secs.min(room[2]);
            let of = [
                (Service::Audio, &mut share.audio_secs),
                (Service::Video, &mut share.video_secs),
                (Service::Data, &mut share.data_secs),
            ];
            for (service, secs) in of {
                *secs = self.affordable(&mut sum, service, *secs, left_micro_usdc);
            }
            sum.bytes_in = sum.bytes_in.saturating_add(share.bytes_in);
            sum.bytes_out = sum.bytes_out.saturating_add(share.bytes_out);
            charged.push(share);
        }
        (charged, sum)
    }

    /// The most of `secs` that can be added to `sum` without it costing more than is left.
    fn affordable(&self, sum: &mut Usage, service: Service, secs: u32, left: u64) -> u32 {
        let before = sum.secs(service);
        let fits = |secs: u32| {
            let mut with = *sum;
            with.secs[service as usize] = before.checked_add(secs)?;
            self.terms.prices.amount_micro_usdc(&with).filter(|&amount| amount <= left)
        };
        // The price grows with the seconds: the last one that fits is found by halving.
        let (mut good, mut bad) = (0, u64::from(secs) + 1);
        while u64::from(good) + 1 < bad {
            let middle = u64::midpoint(good.into(), bad);
            match u32::try_from(middle).ok().filter(|&secs| fits(secs).is_some()) {
                Some(secs) => good = secs,
                None => bad = middle,
            }
        }
        sum.secs[service as usize] = before.saturating_add(good);
        good
    }
}

fn subtract(usage: &mut ParticipantUsage, charged: &ParticipantUsage) {
    usage.audio_secs -= charged.audio_secs;
    usage.video_secs -= charged.video_secs;
    usage.data_secs -= charged.data_secs;
    usage.bytes_in -= charged.bytes_in;
    usage.bytes_out -= charged.bytes_out;
}
