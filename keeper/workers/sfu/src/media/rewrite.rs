//! One continuous stream out of changing sources.
//!
//! A subscriber gets one simulcast layer of a track after another, and what a publisher sends anew
//! under another SSRC, but must see a single RTP stream: sequence numbers without gaps of our making
//! (a real loss stays one, so that it is asked for again), a clock that moves on, and VP8's picture
//! ids in a row. Another track in the same section is another stream, with numbers of its own.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How many skipped runs are remembered for packets that come late.
const SHIFTS_MAX: usize = 128;
/// VP8's picture ids have 15 bits.
const PICTURE_ID_MASK: u16 = 0x7fff;

/// The numbers of a packet that are rewritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Numbers {
    /// Extended sequence number.
    pub seq: u64,
    /// RTP time.
    pub time: u32,
    /// VP8's picture id.
    pub picture_id: Option<u16>,
    /// VP8's index of the last picture of temporal layer 0.
    pub tl0_pic_idx: Option<u8>,
}

/// The last packet sent, by sequence number.
#[derive(Clone, Copy, Debug)]
struct Last {
    seq: u64,
    time: u32,
    at: Instant,
    picture_id: u16,
    tl0_pic_idx: u8,
}

/// From an incoming sequence number on, what is added.
#[derive(Clone, Copy, Debug)]
struct Shift {
    from_seq: u64,
    seq: i64,
    picture_id: u16,
}

/// The numbering of one outgoing stream.
#[derive(Debug)]
pub(super) struct Rewriter {
    first_seq: u64,
    last: Option<Last>,
    /// Ascending; empty until a source was begun.
    shifts: VecDeque<Shift>,
    /// Highest incoming sequence number, forwarded or skipped.
    highest_seq: u64,
    skipped_picture_id: Option<u16>,
    time_shift: u32,
    tl0_shift: u8,
}

impl Rewriter {
    /// A stream whose first sequence number is given. Below 2^15, so that a receiver cannot
    /// mistake the rollover counter (RFC 3711, 3.3.1).
    pub fn new(first_seq: u16) -> Self {
        Self {
            first_seq: u64::from(first_seq & 0x7fff),
            last: None,
            shifts: VecDeque::new(),
            highest_seq: 0,
            skipped_picture_id: None,
            time_shift: 0,
            tl0_shift: 0,
        }
    }

    /// A packet of a new source, its first: it will follow what was sent last. The clock moves on by
    /// the time that has passed, since two sources' clocks have nothing in common.
    pub fn begin(&mut self, first: &Numbers, clock_hz: u32, now: Instant) {
        let (seq, time, picture_id, tl0) = match &self.last {
            None => (self.first_seq, first.time, first.picture_id, first.tl0_pic_idx),
            Some(last) => {
                let passed = now.saturating_duration_since(last.at).max(Duration::from_millis(1));
                let ticks = passed.as_micros() * u128::from(clock_hz) / 1_000_000;
                (
                    last.seq + 1,
                    last.time.wrapping_add((ticks as u32).max(1)),
                    Some((last.picture_id + 1) & PICTURE_ID_MASK),
                    Some(last.tl0_pic_idx.wrapping_add(1)),
                )
            }
        };
        let picture_shift = match (picture_id, first.picture_id) {
            (Some(to), Some(from)) => to.wrapping_sub(from) & PICTURE_ID_MASK,
            _ => 0,
        };
        self.time_shift = time.wrapping_sub(first.time);
        self.tl0_shift = match (tl0, first.tl0_pic_idx) {
            (Some(to), Some(from)) => to.wrapping_sub(from),
            _ => 0,
        };
        self.shifts.clear();
        self.shifts.push_back(Shift {
            from_seq: first.seq,
            seq: seq as i64 - first.seq as i64,
            picture_id: picture_shift,
        });
        self.highest_seq = first.seq.saturating_sub(1);
        self.skipped_picture_id = None;
    }

    /// The numbers under which a packet of the source goes out. `None` for one that is older than
    /// the source's first, or too old to know.
    pub fn map(&mut self, packet: &Numbers, now: Instant) -> Option<Numbers> {
        let shift = *self.shifts.iter().rev().find(|shift| shift.from_seq <= packet.seq)?;
        self.highest_seq = self.highest_seq.max(packet.seq);
        let mapped = Numbers {
            seq: u64::try_from(packet.seq as i64 + shift.seq).ok()?,
            time: packet.time.wrapping_add(self.time_shift),
            picture_id: packet
                .picture_id
                .map(|id| id.wrapping_add(shift.picture_id) & PICTURE_ID_MASK),
            tl0_pic_idx: packet.tl0_pic_idx.map(|index| index.wrapping_add(self.tl0_shift)),
        };
        if self.last.is_none_or(|last| mapped.seq > last.seq) {
            let before = self.last;
            self.last = Some(Last {
                seq: mapped.seq,
                time: mapped.time,
                at: now,
                picture_id: mapped.picture_id.or(before.map(|l| l.picture_id)).unwrap_or(0),
                tl0_pic_idx: mapped.tl0_pic_idx.or(before.map(|l| l.tl0_pic_idx)).unwrap_or(0),
            });
        }
        Some(mapped)
    }

    /// A packet of the source that is not forwarded: the numbers after it close up. One that comes
    /// late cannot be closed over, since what follows it is sent already; the subscriber sees a loss.
    pub fn skip(&mut self, packet: &Numbers) {
        if packet.seq <= self.highest_seq {
            return;
        }
        let Some(&current) = self.shifts.back() else { return };
        self.highest_seq = packet.seq;
        let new_picture =
            packet.picture_id.is_some() && packet.picture_id != self.skipped_picture_id;
        self.skipped_picture_id = packet.picture_id;
        let shift = Shift {
            from_seq: packet.seq + 1,
            seq: current.seq - 1,
            picture_id: current.picture_id.wrapping_sub(u16::from(new_picture)),
        };
        if self.shifts.len() == SHIFTS_MAX {
            self.shifts.pop_front();
        }
        self.shifts.push_back(shift);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(seq: u64, time: u32, picture_id: u16, tl0: u8) -> Numbers {
        Numbers { seq, time, picture_id: Some(picture_id), tl0_pic_idx: Some(tl0) }
    }

    #[test]
    fn layers_follow_each_other_without_a_gap() {
        let start = Instant::now();
        let mut rewriter = Rewriter::new(100);
        rewriter.begin(&packet(70_000, 9_000, 0x7ffe, 250), 90_000, start);
        assert_eq!(rewriter.map(&packet(70_000, 9_000, 0x7ffe, 250), start).unwrap().seq, 100);
        let second = rewriter.map(&packet(70_001, 9_000, 0x7ffe, 250), start).unwrap();
        assert_eq!((second.seq, second.time, second.picture_id), (101, 9_000, Some(0x7ffe)));

        let later = start + Duration::from_millis(33);
        let other = packet(5, 4_000_000_000, 17, 3);
        rewriter.begin(&other, 90_000, later);
        let switched = rewriter.map(&other, later).unwrap();
        assert_eq!(switched.seq, 102);
        assert_eq!(switched.time, 9_000 + 2_970);
        assert_eq!(switched.picture_id, Some(0x7fff));
        assert_eq!(switched.tl0_pic_idx, Some(251));
        let next = rewriter.map(&packet(6, 4_000_003_000, 18, 4), later).unwrap();
        assert_eq!((next.seq, next.time), (103, 9_000 + 2_970 + 3_000));
        assert_eq!((next.picture_id, next.tl0_pic_idx), (Some(0), Some(252)));
    }

    #[test]
    fn losses_stay_and_late_packets_find_their_place() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(0);
        rewriter.begin(&packet(10, 0, 1, 0), 90_000, now);
        assert_eq!(rewriter.map(&packet(10, 0, 1, 0), now).unwrap().seq, 0);
        assert_eq!(rewriter.map(&packet(12, 0, 1, 0), now).unwrap().seq, 2, "11 is missing");
        assert_eq!(rewriter.map(&packet(11, 0, 1, 0), now).unwrap().seq, 1, "and comes late");
        assert_eq!(rewriter.map(&packet(9, 0, 1, 0), now), None, "of before the source began");
    }

    #[test]
    fn skipped_pictures_leave_no_trace() {
        let now = Instant::now();
        let mut rewriter = Rewriter::new(0);
        rewriter.begin(&packet(10, 0, 1, 0), 90_000, now);
        let mut out = Vec::new();
        // Pictures of two packets; every second picture is skipped, and 15 arrives after 16.
        for seq in [10, 11, 12, 13, 14, 16, 15, 17, 18] {
            let picture = 1 + (seq as u16 - 10) / 2;
            let numbers = packet(seq, 0, picture, 0);
            if picture.is_multiple_of(2) {
                rewriter.skip(&numbers);
            } else if let Some(mapped) = rewriter.map(&numbers, now) {
                out.push((mapped.seq, mapped.picture_id.unwrap()));
            }
        }
        assert_eq!(out, [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3)]);
    }
}
