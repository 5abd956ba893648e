//! Opus packets out of plain and redundant payloads, each once.

use super::stats::Counter;
use super::{Media, Packet};
use crate::packet::red;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::time::Instant;

/// How far back packets are remembered: 1.28 s of 20 ms each, more than any redundancy.
const REMEMBERED: usize = 64;

#[derive(Debug, Default)]
pub(super) struct Audio {
    delivered: BTreeSet<u64>,
}

impl Audio {
    pub(super) fn packet(
        &mut self,
        now: Instant,
        packet: &Packet<'_>,
        counter: &mut Counter,
    ) -> Vec<Media> {
        let plain = || {
            let packet = Bytes::copy_from_slice(packet.payload);
            vec![red::Unpacked { back: 0, earlier_samples: 0, packet }]
        };
        let blocks = if packet.is_red { red::unpack(packet.payload) } else { Some(plain()) };
        let mut media = Vec::new();
        for block in blocks.unwrap_or_default() {
            let Some(sequence) = packet.sequence.checked_sub(block.back) else { continue };
            // Before the first packet there was nothing to be lost.
            if block.back > 0 && !counter.expects(sequence) || !self.remember(sequence) {
                continue;
            }
            let rtp_time = packet.rtp_time.wrapping_sub(block.earlier_samples);
            counter.delivered(now, rtp_time, block.back > 0);
            media.push(Media::Audio { rtp_time, packet: block.packet });
        }
        media
    }

    /// Whether the packet is new.
    fn remember(&mut self, sequence: u64) -> bool {
        if self.delivered.len() == REMEMBERED {
            if self.delivered.first().is_some_and(|oldest| sequence < *oldest) {
                return false;
            }
            self.delivered.pop_first();
        }
        self.delivered.insert(sequence)
    }
}
