//! What is counted of a received track.

use super::Packet;
use crate::Kind;
use crate::packet::vp8;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// An audio packet that comes later than this after the quickest one's travelling time would be
/// missed by a listener whose buffer is as large.
pub const PLAYOUT_MS: u64 = 200;

/// Sequence numbers remembered to tell duplicates from news.
const WINDOW: u64 = 2_048;

/// How a track was received.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct TrackStats {
    /// Packets, duplicates not counted.
    pub packets: u64,
    /// Payload bytes of them.
    pub bytes: u64,
    /// Packets missing between the first and the last.
    pub lost: u64,
    /// Packets that came after a later one: reordered, or sent again.
    pub out_of_order: u64,
    /// Interarrival jitter (RFC 3550, section 6.4.1) in ms.
    pub jitter_ms: f64,
    /// From subscribing to the first packet.
    pub first_packet_ms: Option<u64>,
    /// Longest time without a packet, in ms.
    pub gap_ms_max: u64,
    /// Audio: packets given out, by redundancy too.
    pub audio_delivered: u64,
    /// Audio: those that redundancy made good.
    pub audio_recovered: u64,
    /// Audio: those that came within [`PLAYOUT_MS`].
    pub audio_in_time: u64,
    /// Video: frames that could be decoded.
    pub frames: u64,
    /// Video: key frames among them.
    pub key_frames: u64,
    /// Video: times that the picture stood: no frame for 150 ms more than, and three times as long
    /// as, the mean.
    pub freezes: u64,
    /// Video: how long it stood, in ms.
    pub freeze_ms: u64,
    /// Video: pixels of the last VP8 key frame.
    pub size: Option<(u16, u16)>,
    /// From subscribing to the first decodable frame.
    pub first_frame_ms: Option<u64>,
}

impl TrackStats {
    /// Share of the audio packets sent that came in time, in parts per million.
    pub fn audio_in_time_ppm(&self) -> u64 {
        let sent = self.packets + self.lost;
        (self.audio_in_time.min(sent) * 1_000_000).checked_div(sent).unwrap_or(0)
    }
}

#[derive(Debug)]
pub(super) struct Counter {
    kind: Kind,
    begun: Instant,
    stats: TrackStats,
    first: u64,
    highest: u64,
    seen: BTreeSet<u64>,
    last_packet: Option<Instant>,
    last_transit: Option<i64>,
    quickest_transit_us: Option<i64>,
    time_base: Option<(u32, i64)>,
    last_frame: Option<Instant>,
    mean_gap: Duration,
}

impl Counter {
    pub(super) fn new(kind: Kind, now: Instant) -> Self {
        Self {
            kind,
            begun: now,
            stats: TrackStats::default(),
            first: 0,
            highest: 0,
            seen: BTreeSet::new(),
            last_packet: None,
            last_transit: None,
            quickest_transit_us: None,
            time_base: None,
            last_frame: None,
            mean_gap: Duration::ZERO,
        }
    }

    /// Whether the packet is new.
    pub(super) fn packet(&mut self, now: Instant, packet: &Packet<'_>) -> bool {
        let sequence = packet.sequence;
        if self.stats.packets == 0 {
            self.first = sequence;
            self.highest = sequence;
            self.stats.first_packet_ms = Some(self.since_begin(now));
        } else if sequence + WINDOW <= self.highest || !self.is_new(sequence) {
            return false;
        }
        self.seen.insert(sequence);
        // One that overtook the first is counted from itself on.
        self.first = self.first.min(sequence);
        if sequence < self.highest {
            self.stats.out_of_order += 1;
        }
        self.highest = self.highest.max(sequence);
        while self.seen.first().is_some_and(|oldest| oldest + WINDOW <= self.highest) {
            self.seen.pop_first();
        }
        self.stats.packets += 1;
        self.stats.bytes += packet.payload.len() as u64;
        if let Some(last) = self.last_packet {
            let gap = now.duration_since(last).as_millis() as u64;
            self.stats.gap_ms_max = self.stats.gap_ms_max.max(gap);
        }
        self.last_packet = Some(now);
        self.jitter(now, packet.rtp_time);
        true
    }

    fn is_new(&self, sequence: u64) -> bool {
        !self.seen.contains(&sequence)
    }

    /// Whether the packet lies between the first and the last.
    pub(super) const fn expects(&self, sequence: u64) -> bool {
        sequence >= self.first && sequence <= self.highest
    }

    /// An audio packet is given out.
    pub(super) fn delivered(&mut self, now: Instant, rtp_time: u32, recovered: bool) {
        self.stats.audio_delivered += 1;
        self.stats.audio_recovered += u64::from(recovered);
        let transit = self.transit_us(now, rtp_time);
        let quickest = self.quickest_transit_us.get_or_insert(transit);
        *quickest = transit.min(*quickest);
        if transit - *quickest <= (PLAYOUT_MS * 1_000) as i64 {
            self.stats.audio_in_time += 1;
        }
    }

    /// A frame is given out.
    pub(super) fn frame(&mut self, now: Instant, is_key: bool, frame: &[u8]) {
        self.stats.frames += 1;
        self.stats.key_frames += u64::from(is_key);
        if let Some(size) = vp8::size(frame) {
            self.stats.size = Some(size);
        }
        match self.last_frame.replace(now) {
            None => self.stats.first_frame_ms = Some(self.since_begin(now)),
            Some(last) => {
                let gap = now.duration_since(last);
                let mean = self.mean_gap;
                let usual = (mean * 3).max(mean + Duration::from_millis(150));
                if self.stats.frames > 10 && gap > usual {
                    self.stats.freezes += 1;
                    self.stats.freeze_ms += gap.as_millis() as u64;
                }
                // A running mean of about thirty frames, as browsers take it.
                self.mean_gap = (mean * 29 + gap) / 30;
                if mean.is_zero() {
                    self.mean_gap = gap;
                }
            }
        }
    }

    pub(super) fn stats(&self, now: Instant) -> TrackStats {
        let mut stats = self.stats.clone();
        if stats.packets > 0 {
            stats.lost = (self.highest - self.first + 1).saturating_sub(stats.packets);
            let silent = self.last_packet.map_or(0, |last| now.duration_since(last).as_millis());
            stats.gap_ms_max = stats.gap_ms_max.max(silent as u64);
        }
        stats
    }

    fn since_begin(&self, now: Instant) -> u64 {
        now.duration_since(self.begun).as_millis() as u64
    }

    /// Arrival less sending time in µs, from an arbitrary zero.
    fn transit_us(&mut self, now: Instant, rtp_time: u32) -> i64 {
        let arrived_us = now.duration_since(self.begun).as_micros() as i64;
        let (base, base_us) = *self.time_base.get_or_insert((rtp_time, arrived_us));
        let ticks = i64::from(rtp_time.wrapping_sub(base) as i32);
        let per_ms = match self.kind {
            Kind::Audio => 48,
            Kind::Video => 90,
        };
        // RTP times come round after half a day of audio; the base moves on long before.
        let sent_us = base_us + ticks * 1_000 / per_ms;
        if ticks > 1 << 28 {
            self.time_base = Some((rtp_time, sent_us));
        }
        arrived_us - sent_us
    }

    fn jitter(&mut self, now: Instant, rtp_time: u32) {
        let transit = self.transit_us(now, rtp_time);
        if let Some(last) = self.last_transit.replace(transit) {
            let difference_ms = (transit - last).abs() as f64 / 1_000.0;
            self.stats.jitter_ms += (difference_ms - self.stats.jitter_ms) / 16.0;
        }
    }
}
