//! Frames out of packets. Only what a decoder could use is given out: after a gap that stays,
//! everything waits for the next key frame.

use super::{Media, Packet};
use crate::Codec;
use crate::packet::{Part, h264, vp8};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Packets held at most: seconds of video at any rate a call has.
const HELD_MAX: usize = 4_096;
/// How long a gap may be repaired by retransmission before a key frame is asked for.
const REPAIR: Duration = Duration::from_millis(250);
/// Between two requests for a key frame.
const ASK_EVERY: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Frames {
    codec: Codec,
    /// First packet of the frame to be given out next; `None` until a key frame is there.
    next: Option<u64>,
    held: BTreeMap<u64, Held>,
    stuck_since: Option<Instant>,
    asked_at: Option<Instant>,
}

#[derive(Debug)]
struct Held {
    rtp_time: u32,
    marker: bool,
    starts_frame: bool,
    starts_key_frame: bool,
    data: Vec<u8>,
}

impl Frames {
    pub(super) const fn new(codec: Codec) -> Self {
        Self { codec, next: None, held: BTreeMap::new(), stuck_since: None, asked_at: None }
    }

    pub(super) fn packet(&mut self, now: Instant, packet: &Packet<'_>) -> Vec<Media> {
        if self.next.is_some_and(|next| packet.sequence < next) {
            return Vec::new();
        }
        let empty = Part { starts_frame: false, starts_key_frame: false, data: &[] };
        let part = match self.codec {
            // A packet of padding only fills its place in the sequence.
            _ if packet.payload.is_empty() => Some(empty),
            Codec::Vp8 => vp8::parse(packet.payload),
            Codec::H264 => h264::parse(packet.payload),
        };
        let Some(part) = part else { return Vec::new() };
        let held = Held {
            rtp_time: packet.rtp_time,
            marker: packet.marker,
            starts_frame: part.starts_frame,
            starts_key_frame: part.starts_key_frame,
            data: part.data.to_vec(),
        };
        self.held.insert(packet.sequence, held);
        if self.held.len() > HELD_MAX {
            self.held.pop_first();
        }
        let mut media = Vec::new();
        while let Some(frame) = self.take_next().or_else(|| self.skip_to_key_frame()) {
            media.push(frame);
        }
        if !media.is_empty() || self.held.is_empty() {
            self.stuck_since = None;
        }
        if !self.held.is_empty() && self.stuck_since.is_none() {
            self.stuck_since = Some(now);
        }
        media
    }

    pub(super) fn wants_key_frame(&mut self, now: Instant) -> bool {
        let stuck = self.stuck_since.is_some_and(|since| now.duration_since(since) >= REPAIR);
        let asked = self.asked_at.is_some_and(|at| now.duration_since(at) < ASK_EVERY);
        if stuck && !asked {
            self.asked_at = Some(now);
        }
        stuck && !asked
    }

    /// The frame at `next`, if all of it is there.
    fn take_next(&mut self) -> Option<Media> {
        let mut first = self.next?;
        // Padding between frames belongs to none.
        while self.held.get(&first).is_some_and(|held| held.data.is_empty() && !held.marker) {
            self.held.remove(&first);
            first += 1;
            self.next = Some(first);
        }
        let last = self.complete_from(first)?;
        Some(self.give(first, last))
    }

    /// The first complete key frame beyond the gap.
    fn skip_to_key_frame(&mut self) -> Option<Media> {
        let after = self.next.unwrap_or(0);
        let starts = self.held.range(after..).filter(|(_, held)| held.starts_key_frame);
        let found =
            starts.filter_map(|(first, _)| Some((*first, self.complete_from(*first)?))).next();
        let (first, last) = found?;
        self.held = self.held.split_off(&first);
        Some(self.give(first, last))
    }

    /// The last packet of the frame that begins with `first`. All of its packets have one time: a
    /// server that changes layers cuts a frame off and begins the next without a marker between.
    fn complete_from(&self, first: u64) -> Option<u64> {
        let begins = self.held.get(&first)?;
        if !begins.starts_frame {
            return None;
        }
        let unbroken = (first..).zip(self.held.range(first..));
        unbroken
            .take_while(|(expected, (sequence, held))| {
                *sequence == expected && held.rtp_time == begins.rtp_time
            })
            .find_map(|(_, (sequence, held))| held.marker.then_some(*sequence))
    }

    fn give(&mut self, first: u64, last: u64) -> Media {
        let after = self.held.split_off(&(last + 1));
        let parts = std::mem::replace(&mut self.held, after);
        self.next = Some(last + 1);
        let rtp_time = parts[&first].rtp_time;
        let mut frame = Vec::new();
        for part in parts.values() {
            match self.codec {
                Codec::Vp8 => frame.extend_from_slice(&part.data),
                Codec::H264 => h264::append(&mut frame, &part.data),
            }
        }
        let is_key = parts[&first].starts_key_frame;
        Media::Video { rtp_time, is_key, frame: frame.into() }
    }
}
