//! Packets of a tap in the order in which they were spoken: those that come late are waited for,
//! those that are lost are named, and silence that is not sent is filled in. Pure: time is an
//! argument.
//!
//! Nobody waits for a tap as for a call: a stall of the network costs delay and no words.

use bytes::Bytes;
use std::collections::BTreeMap;

/// Ticks of Opus' RTP clock in a ms.
pub const TICKS_PER_MS: u64 = 48;
/// How long a missing packet is waited for once a later one is there.
const HOLD_MS: u64 = 120;
/// The longest gap that is taken for loss; longer ones are silence that was not sent (DTX).
const LOST_MAX_TICKS: u64 = 100 * TICKS_PER_MS;
/// Without a packet for so long the silence is filled in before the next one comes: DTX sends one
/// every 400 ms.
const IDLE_MS: u64 = 600;
/// Silence in a row that is passed on. It ends the sentence; what is silent for longer is left out,
/// and so costs nothing.
pub const SILENCE_MAX_TICKS: u64 = 2_000 * TICKS_PER_MS;
/// A step of the RTP clock past which the stream has begun anew.
const JUMP_TICKS: u64 = 30_000 * TICKS_PER_MS;
/// Packets that are held at most: 2 s of the usual 20 ms.
const HELD_MAX: usize = 100;
/// How far what was passed on may be ahead of the time that has passed: what is further ahead was not
/// spoken, and would be paid for. A stall of that length, made up for at once, is let through as well.
const AHEAD_MAX_TICKS: i64 = 5_000 * TICKS_PER_MS as i64;
/// See [`AHEAD_MAX_TICKS`].
const STALL_MAX_TICKS: i64 = 30_000 * TICKS_PER_MS as i64;
/// A clock that is faster than ours by less than a fiftieth is no fraud.
const DRIFT_SHARE: u64 = 50;
/// An Opus packet of that many bytes holds no sound: DTX.
const DTX_BYTES: usize = 2;

/// A stretch of a tap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// One Opus packet.
    Packet(Bytes),
    /// Packets that are lost, and the one after them, which may carry a rough copy (FEC).
    Lost {
        /// How long they were.
        ticks: u64,
        /// The packet after.
        then: Bytes,
    },
    /// Nothing was said.
    Silence {
        /// How long.
        ticks: u64,
    },
}

/// What is held back.
#[derive(Debug, Default)]
pub struct Order {
    /// Where the next packet should begin; `None` before the first.
    next: Option<u64>,
    /// By where they begin, with when they came.
    held: BTreeMap<u64, (Bytes, u64)>,
    last_arrival_ms: u64,
    /// Silence in a row up to here.
    silent_ticks: u64,
    /// Silence that was filled in since the last packet, before anything said how long it is.
    guessed_ticks: u64,
    /// How far what was passed on is ahead of the time that has passed, or behind it.
    ahead_ticks: i64,
}

impl Order {
    /// Takes a packet in and appends to `pieces` what is in order now. What is no Opus packet, came
    /// twice or comes too late is dropped; so is more speech than time has passed.
    pub fn push(&mut self, rtp_time: u64, packet: Bytes, now_ms: u64, pieces: &mut Vec<Piece>) {
        let Some(ticks) = duration_ticks(&packet) else { return };
        if self.next.is_some() {
            let passed = now_ms.saturating_sub(self.last_arrival_ms) * TICKS_PER_MS;
            let passed = i64::try_from(passed + passed / DRIFT_SHARE).unwrap_or(STALL_MAX_TICKS);
            self.ahead_ticks = self.ahead_ticks.saturating_sub(passed).max(-STALL_MAX_TICKS);
        }
        self.last_arrival_ms = now_ms;
        if self.ahead_ticks > AHEAD_MAX_TICKS {
            return;
        }
        let next = *self.next.get_or_insert(rtp_time);
        if rtp_time.abs_diff(next) > JUMP_TICKS {
            self.flush(pieces);
            (self.next, self.guessed_ticks) = (Some(rtp_time), 0);
        } else if rtp_time.saturating_add(ticks) <= next {
            return;
        }
        if self.held.len() < HELD_MAX {
            self.held.entry(rtp_time).or_insert((packet, now_ms));
        }
        self.advance(now_ms, pieces);
    }

    /// Time passes: gives up on what is missing, and fills in silence.
    pub fn tick(&mut self, now_ms: u64, pieces: &mut Vec<Piece>) {
        self.advance(now_ms, pieces);
        let idle_ms = now_ms.saturating_sub(self.last_arrival_ms);
        if self.next.is_some() && self.held.is_empty() && idle_ms >= IDLE_MS {
            let passed = (idle_ms - HOLD_MS) * TICKS_PER_MS;
            let ticks = passed.saturating_sub(self.guessed_ticks);
            self.guessed_ticks += ticks;
            self.silence(ticks, pieces);
        }
    }

    /// Nothing more comes: what is held goes on.
    pub fn flush(&mut self, pieces: &mut Vec<Piece>) {
        self.advance(u64::MAX, pieces);
    }

    fn advance(&mut self, now_ms: u64, pieces: &mut Vec<Piece>) {
        while let Some((&at, (packet, arrived_ms))) = self.held.first_key_value() {
            let next = self.next.unwrap_or(at);
            let gap = at.saturating_sub(next);
            let waited_ms = now_ms.saturating_sub(*arrived_ms);
            if gap > 0 && waited_ms < HOLD_MS && self.held.len() < HELD_MAX {
                return;
            }
            let packet = packet.clone();
            self.held.pop_first();
            let ticks = duration_ticks(&packet).unwrap_or(0);
            if at.saturating_add(ticks) <= next {
                continue;
            }
            let guessed = std::mem::take(&mut self.guessed_ticks);
            if gap > LOST_MAX_TICKS || guessed > 0 {
                self.silence(gap.saturating_sub(guessed), pieces);
            } else if gap > 0 {
                self.ahead_ticks += gap as i64;
                pieces.push(Piece::Lost { ticks: gap, then: packet.clone() });
            }
            self.next = Some(at.saturating_add(ticks));
            if packet.len() <= DTX_BYTES {
                self.silence(ticks, pieces);
            } else {
                self.silent_ticks = 0;
                self.ahead_ticks += ticks as i64;
                pieces.push(Piece::Packet(packet));
            }
        }
    }

    fn silence(&mut self, ticks: u64, pieces: &mut Vec<Piece>) {
        let ticks = ticks.min(SILENCE_MAX_TICKS - self.silent_ticks);
        self.silent_ticks += ticks;
        if ticks > 0 {
            self.ahead_ticks += ticks as i64;
            pieces.push(Piece::Silence { ticks });
        }
    }
}

/// How long an Opus packet plays (RFC 6716, 3.1 and 3.2), in ticks; `None` if it is none.
pub fn duration_ticks(packet: &[u8]) -> Option<u64> {
    let toc = *packet.first()?;
    let config = usize::from(toc >> 3);
    let tenths_of_ms = match config {
        // SILK, hybrid, CELT.
        0..12 => [100, 200, 400, 600][config & 3],
        12..16 => [100, 200][config & 1],
        _ => [25, 50, 100, 200][config & 3],
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(packet.get(1)? & 0x3f),
    };
    let ticks = tenths_of_ms * frames * TICKS_PER_MS / 10;
    (1..=120 * TICKS_PER_MS).contains(&ticks).then_some(ticks)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A packet of 20 ms, told from others by its number.
    fn packet(number: u8) -> Bytes {
        Bytes::from(vec![0x08, number, 0, 0])
    }

    const FRAME: u64 = 20 * TICKS_PER_MS;

    fn pushed(arrivals: &[(u64, u64)]) -> (Order, Vec<Piece>) {
        let (mut order, mut pieces) = (Order::default(), Vec::new());
        for &(number, now_ms) in arrivals {
            order.push(number * FRAME, packet(number as u8), now_ms, &mut pieces);
        }
        (order, pieces)
    }

    fn numbers(pieces: &[Piece]) -> Vec<u8> {
        let packets = pieces.iter().filter_map(|piece| match piece {
            Piece::Packet(packet) => Some(packet[1]),
            _ => None,
        });
        packets.collect()
    }

    #[test]
    fn packets_that_overtake_each_other_are_put_in_order() {
        let (_, pieces) = pushed(&[(1, 0), (3, 40), (2, 60), (2, 61), (4, 80)]);
        assert_eq!(numbers(&pieces), [1, 2, 3, 4]);
        assert_eq!(pieces.len(), 4, "nothing is filled in: {pieces:?}");
    }

    #[test]
    fn what_does_not_come_is_lost_once_it_was_waited_for() {
        let (mut order, mut pieces) = pushed(&[(1, 0), (3, 40)]);
        assert_eq!(numbers(&pieces), [1]);
        order.tick(40 + HOLD_MS, &mut pieces);
        assert_eq!(numbers(&pieces), [1, 3]);
        assert_eq!(pieces[1], Piece::Lost { ticks: FRAME, then: packet(3) });
        order.push(2 * FRAME, packet(2), 300, &mut pieces);
        assert_eq!(numbers(&pieces), [1, 3], "too late");
    }

    #[test]
    fn silence_that_is_not_sent_is_filled_in_and_cut_short() {
        let (mut order, mut pieces) = pushed(&[(1, 0)]);
        for now_ms in (0..10_000).step_by(100) {
            order.tick(now_ms, &mut pieces);
        }
        let silence = |pieces: &[Piece]| -> u64 {
            let ticks = pieces.iter().map(|piece| match piece {
                Piece::Silence { ticks } => *ticks,
                _ => 0,
            });
            ticks.sum()
        };
        assert_eq!(silence(&pieces), SILENCE_MAX_TICKS);
        // Ten seconds later somebody speaks again: no second silence.
        order.push(501 * FRAME, packet(9), 10_000, &mut pieces);
        order.tick(10_200, &mut pieces);
        assert_eq!(numbers(&pieces), [1, 9]);
        assert_eq!(silence(&pieces), SILENCE_MAX_TICKS);
    }

    #[test]
    fn packets_of_dtx_are_silence() {
        let (mut order, mut pieces) = (Order::default(), Vec::new());
        order.push(0, packet(1), 0, &mut pieces);
        for number in 1..100 {
            let at_ms = number * 400;
            let dtx = Bytes::from_static(&[0x08]);
            order.push(at_ms * TICKS_PER_MS, dtx, at_ms, &mut pieces);
            order.tick(at_ms + 200, &mut pieces);
        }
        let ticks: u64 = pieces
            .iter()
            .map(|piece| match piece {
                Piece::Silence { ticks } => *ticks,
                Piece::Packet(_) => 0,
                Piece::Lost { .. } => panic!("nothing was lost"),
            })
            .sum();
        assert_eq!(ticks, SILENCE_MAX_TICKS);
    }

    #[test]
    fn stall_of_the_network_loses_no_word() {
        // Two seconds in which nothing arrives, and then everything.
        let (mut order, mut pieces) = pushed(&[(1, 0), (2, 20)]);
        for now_ms in (100..2_000).step_by(100) {
            order.tick(now_ms, &mut pieces);
        }
        for number in 3..60 {
            order.push(number * FRAME, packet(number as u8), 2_000, &mut pieces);
        }
        assert_eq!(numbers(&pieces), (1..60).collect::<Vec<u8>>());
    }

    #[test]
    fn speech_is_not_faster_than_time() {
        let given = |pieces: &[Piece]| -> u64 {
            let ticks = pieces.iter().map(|piece| match piece {
                Piece::Packet(packet) => duration_ticks(packet).unwrap(),
                Piece::Lost { ticks, then } => ticks + duration_ticks(then).unwrap(),
                Piece::Silence { ticks } => *ticks,
            });
            ticks.sum::<u64>() / TICKS_PER_MS
        };
        // Packets of 120 ms, of which 100 a second come; and packets with gaps of 29 s between.
        let long = Bytes::from_static(&[0xfb, 0x06, 1]);
        for step in [120 * TICKS_PER_MS, JUMP_TICKS - TICKS_PER_MS] {
            let (mut order, mut pieces) = (Order::default(), Vec::new());
            for number in 0..6_000 {
                order.push(number * step, long.clone(), number * 10, &mut pieces);
            }
            let given_ms = given(&pieces);
            assert!((50_000..70_000).contains(&given_ms), "{given_ms} ms in 60 s");
        }
        // A clock that is one in a hundred fast loses nothing in three hours.
        let (mut order, mut pieces) = (Order::default(), Vec::new());
        for number in 0..545_000 {
            let now_ms = number * 20 * 100 / 101;
            order.push(number * FRAME, packet(number as u8), now_ms, &mut pieces);
        }
        assert_eq!(pieces.len(), 545_000);
    }

    #[test]
    fn stream_that_begins_anew_is_taken_up_where_it_begins() {
        let (mut order, mut pieces) = pushed(&[(1, 0), (2, 20)]);
        order.push(1 << 40, packet(7), 40, &mut pieces);
        order.push((1 << 40) + FRAME, packet(8), 60, &mut pieces);
        order.push(5 * FRAME, packet(9), 80, &mut pieces);
        assert_eq!(numbers(&pieces), [1, 2, 7, 8, 9]);
    }

    #[test]
    fn durations_are_those_of_the_standard() {
        for (packet, ms) in [
            (&[0x08, 1, 2][..], 20),
            (&[0x18, 1][..], 60),
            (&[0x60, 1][..], 10),
            (&[0x78, 1][..], 20),
            (&[0xf9, 1, 2][..], 40),
            (&[0xfb, 0x06, 1][..], 120),
        ] {
            assert_eq!(duration_ticks(packet), Some(ms * TICKS_PER_MS), "{packet:?}");
        }
        assert_eq!(duration_ticks(&[0x80, 1]), Some(120));
        for wrong in [&[][..], &[0xfb], &[0xfb, 0], &[0xfb, 7]] {
            assert_eq!(duration_ticks(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        /// Whatever comes whenever: memory stays bounded, packets go on in order and once.
        #[test]
        fn hostile_arrivals_do_no_harm(
            arrivals in prop::collection::vec((0..400u64, 0..500u64, any::<bool>()), 0..300),
        ) {
            let (mut order, mut pieces) = (Order::default(), Vec::new());
            let mut now_ms = 0;
            for (number, later_ms, ticks) in arrivals {
                now_ms += later_ms;
                let name = u16::try_from(number).unwrap().to_be_bytes();
                let packet = Bytes::from([&[0x08, 0][..], &name].concat());
                order.push(number * FRAME, packet, now_ms, &mut pieces);
                if ticks {
                    order.tick(now_ms + 100, &mut pieces);
                }
                prop_assert!(order.held.len() <= HELD_MAX);
            }
            order.flush(&mut pieces);
            let numbers: Vec<u16> = pieces.iter().filter_map(|piece| match piece {
                Piece::Packet(packet) => Some(u16::from_be_bytes([packet[2], packet[3]])),
                _ => None,
            }).collect();
            prop_assert!(numbers.is_sorted_by(|a, b| a < b), "{:?}", numbers);
        }
    }
}
