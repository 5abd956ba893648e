//! Many peers in one thread.
//!
//! A thread of its own holds every peer connection and its socket; signalling talks to it through
//! [`Generator`]. Datagrams are read in batches, with the time at which the kernel got them.
//! Publishers send VP8 packets of [`PAYLOAD_BYTES`] that carry the time of sending, 30 pictures a
//! second, the packets of a picture in a row: as encoders do, and so that a server may make use of it.

mod engine;
mod payload;
mod peer;
mod receive;

pub use engine::{Generator, PeerId};
pub use payload::PAYLOAD_BYTES;
pub use peer::Feedback;

use std::time::Duration;

/// What a stretch of time has brought.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Packets that publishers have sent.
    pub sent: u64,
    /// Packets that subscribers have received, repeated ones not counted where they are decrypted.
    pub received: u64,
    /// Time from sending to the kernel's receipt, of the packets that were decrypted, in µs, sorted.
    pub latencies_us: Vec<u32>,
    /// How long it took.
    pub elapsed: Duration,
    /// CPU time of the generator's thread: near `elapsed`, it was the bottleneck.
    pub busy: Duration,
}

impl Counts {
    /// The latency that `per_cent` of the packets did not exceed, in µs.
    pub fn latency_us(&self, per_cent: usize) -> u32 {
        let rank = (self.latencies_us.len() * per_cent).div_ceil(100);
        self.latencies_us.get(rank.saturating_sub(1)).copied().unwrap_or(0)
    }
}
