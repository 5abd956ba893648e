//! Redundant audio (RFC 2198): a packet carries the packets before it once more, so that a loss
//! is made good by the next packet and without a question.

use bytes::Bytes;
use std::collections::VecDeque;
use str0m::rtp::{RedDecoder, RedEncoder, RedundantBlock};

/// Packs each packet with up to `levels` earlier ones.
#[derive(Debug)]
pub struct Packer {
    levels: usize,
    payload_type: u8,
    earlier: VecDeque<(u32, Bytes)>,
}

impl Packer {
    /// `payload_type` is the one that Opus has alone.
    pub const fn new(levels: usize, payload_type: u8) -> Self {
        Self { levels, payload_type, earlier: VecDeque::new() }
    }

    /// The payload for a packet at `rtp_time`.
    pub fn pack(&mut self, rtp_time: u32, packet: &Bytes) -> Vec<u8> {
        let redundant: Vec<_> = self
            .earlier
            .iter()
            .map(|(time, payload)| RedundantBlock {
                pt: self.payload_type,
                timestamp_offset: rtp_time.wrapping_sub(*time),
                payload: payload.to_vec(),
            })
            .filter(RedundantBlock::fits)
            .collect();
        self.earlier.push_back((rtp_time, packet.clone()));
        while self.earlier.len() > self.levels {
            self.earlier.pop_front();
        }
        RedEncoder::encode(self.payload_type, packet, &redundant)
    }
}

/// A packet out of a RED payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unpacked {
    /// How many packets before the newest it was sent first.
    pub back: u64,
    /// RTP time it has less than the newest, in samples of 48 kHz.
    pub earlier_samples: u32,
    /// The packet.
    pub packet: Bytes,
}

/// Takes a payload apart, oldest first; `None` for what is not RED.
pub fn unpack(payload: &[u8]) -> Option<Vec<Unpacked>> {
    let blocks = RedDecoder::decode(payload).ok()?;
    let last = blocks.len().checked_sub(1)?;
    let unpacked = blocks.iter().enumerate().map(|(index, block)| Unpacked {
        back: (last - index) as u64,
        earlier_samples: block.timestamp_offset,
        packet: Bytes::copy_from_slice(block.payload),
    });
    Some(unpacked.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packet_carries_the_ones_before_it() {
        let mut packer = Packer::new(2, 111);
        let packets: Vec<Bytes> = (1..=4u8).map(|n| Bytes::from(vec![n; usize::from(n)])).collect();
        let payloads: Vec<_> =
            packets.iter().zip(0u32..).map(|(packet, n)| packer.pack(n * 960, packet)).collect();
        assert_eq!(unpack(&payloads[0]).unwrap().len(), 1);
        let last = unpack(&payloads[3]).unwrap();
        let expected = [(2, 1_920, &packets[1]), (1, 960, &packets[2]), (0, 0, &packets[3])];
        for (block, (back, earlier_samples, packet)) in last.iter().zip(expected) {
            assert_eq!((block.back, block.earlier_samples), (back, earlier_samples));
            assert_eq!(&block.packet, packet);
        }
    }

    #[test]
    fn packet_too_large_to_repeat_is_sent_once() {
        let mut packer = Packer::new(1, 111);
        packer.pack(0, &Bytes::from(vec![7; 1_024]));
        assert_eq!(unpack(&packer.pack(960, &Bytes::from_static(b"small"))).unwrap().len(), 1);
    }

    #[test]
    fn garbage_is_refused() {
        assert_eq!(unpack(&[0xff, 0xff, 0xff]), None);
        assert_eq!(unpack(&[]), None);
    }
}
