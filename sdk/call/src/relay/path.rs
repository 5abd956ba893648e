//! One direction of an impaired path: when a datagram arrives, or that it does not. Pure.

use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::time::{Duration, Instant};

/// What a path does to datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Impairment {
    /// Lost, in parts per million.
    pub loss_ppm: u32,
    /// Every datagram's travelling time.
    pub delay: Duration,
    /// Added to it, evenly spread from zero on. Order is kept.
    pub jitter: Duration,
    /// Held back by `reorder_by`, in parts per million, so that later ones overtake.
    pub reorder_ppm: u32,
    /// How long those are held back.
    pub reorder_by: Duration,
    /// Bits a second that pass; `None` for no limit.
    pub bits_per_sec: Option<u64>,
    /// How long a datagram may wait for its turn at that limit; one that would wait longer is lost.
    pub queue: Duration,
}

/// What becomes of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is lost.
    Drop,
    /// It arrives.
    DeliverAt(Instant),
}

/// A direction of a path.
#[derive(Debug)]
pub struct Path {
    impairment: Impairment,
    random: StdRng,
    /// The link sends earlier datagrams until then.
    busy_until: Option<Instant>,
    last_arrival: Option<Instant>,
}

impl Path {
    /// The same seed gives the same fates.
    pub fn new(impairment: Impairment, seed: u64) -> Self {
        let random = StdRng::seed_from_u64(seed);
        Self { impairment, random, busy_until: None, last_arrival: None }
    }

    /// What becomes of a datagram of so many bytes that is sent now. Datagrams are offered in order.
    pub fn offer(&mut self, now: Instant, bytes: usize) -> Verdict {
        let Impairment { loss_ppm, delay, jitter, reorder_ppm, reorder_by, bits_per_sec, queue } =
            self.impairment;
        // All numbers are drawn each time, so that a fate depends on the count of datagrams only.
        let is_lost = self.random.random_range(0..1_000_000) < loss_ppm;
        let is_late = self.random.random_range(0..1_000_000) < reorder_ppm;
        let jitter = jitter.mul_f64(self.random.random::<f64>());
        if is_lost {
            return Verdict::Drop;
        }
        let mut sent = now;
        if let Some(bits_per_sec) = bits_per_sec {
            let begins = self.busy_until.map_or(now, |busy| busy.max(now));
            if begins.duration_since(now) > queue {
                return Verdict::Drop;
            }
            let micros = bytes as u64 * 8 * 1_000_000 / bits_per_sec.max(1);
            sent = begins + Duration::from_micros(micros);
            self.busy_until = Some(sent);
        }
        let arrives = sent + delay + jitter;
        if is_late {
            return Verdict::DeliverAt(arrives + reorder_by);
        }
        let arrives = self.last_arrival.map_or(arrives, |last| last.max(arrives));
        self.last_arrival = Some(arrives);
        Verdict::DeliverAt(arrives)
    }
}
