//! What an Opus packet says about itself (RFC 6716, section 3.1).

/// Samples of 48 kHz in 2.5 ms, the shortest frame.
const SHORTEST_SAMPLES: u32 = 120;

/// How long a packet plays, in samples of 48 kHz; `None` for what is not Opus.
pub fn samples(packet: &[u8]) -> Option<u32> {
    let toc = *packet.first()?;
    let config = toc >> 3;
    let frame = match config {
        // SILK: 10, 20, 40, 60 ms.
        0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        // Hybrid: 10, 20 ms.
        12..=15 => [480, 960][usize::from(config & 1)],
        // CELT: 2.5, 5, 10, 20 ms.
        _ => SHORTEST_SAMPLES << (config & 3),
    };
    let frames = match toc & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(packet.get(1)? & 0x3f),
    };
    // A packet never holds more than 120 ms.
    (1..=5_760).contains(&(frame * frames)).then_some(frame * frames)
}

/// Whether the packet only says that nothing is said: discontinuous transmission gives packets of
/// one or two bytes.
pub const fn is_silence(packet: &[u8]) -> bool {
    packet.len() <= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_last_as_their_first_byte_says() {
        // SILK wideband 20 ms, hybrid 20 ms, CELT fullband 20 ms and 2.5 ms, two CELT frames.
        for (packet, expected) in [
            (&[0x48u8][..], 960),
            (&[0x78], 960),
            (&[0xf8], 960),
            (&[0xe0], 120),
            (&[0xf9], 1_920),
            (&[0x4b, 0x83], 2_880),
        ] {
            assert_eq!(samples(packet), Some(expected), "{packet:02x?}");
        }
    }

    #[test]
    fn impossible_packets_are_refused() {
        assert_eq!(samples(&[]), None);
        // No frame at all, and 63 frames of 20 ms.
        assert_eq!(samples(&[0xfb, 0x00]), None);
        assert_eq!(samples(&[0xfb, 0x3f]), None);
    }
}
