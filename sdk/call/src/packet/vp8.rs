//! VP8 (RFC 7741): packets carry a 15-bit picture id, no layers.

use super::{PAYLOAD_BYTES_MAX, Part};

/// Bytes of the descriptor that [`packets`] writes.
const DESCRIPTOR_BYTES: usize = 4;

/// Cuts a frame into payloads. `picture_id` counts frames; its low 15 bits are sent.
pub fn packets(frame: &[u8], picture_id: u16) -> Vec<Vec<u8>> {
    let picture_id = picture_id & 0x7fff;
    let [high, low] = picture_id.to_be_bytes();
    let mut first = 0x10;
    let mut payloads = Vec::with_capacity(frame.len() / PAYLOAD_BYTES_MAX + 1);
    for chunk in frame.chunks(PAYLOAD_BYTES_MAX - DESCRIPTOR_BYTES) {
        let mut payload = Vec::with_capacity(DESCRIPTOR_BYTES + chunk.len());
        payload.extend_from_slice(&[0x80 | first, 0x80, 0x80 | high, low]);
        payload.extend_from_slice(chunk);
        payloads.push(payload);
        first = 0;
    }
    payloads
}

/// Takes a payload apart; `None` for what is not VP8.
pub fn parse(payload: &[u8]) -> Option<Part<'_>> {
    let (&first, mut rest) = payload.split_first()?;
    if first & 0x80 != 0 {
        let (&extensions, after) = rest.split_first()?;
        rest = after;
        if extensions & 0x80 != 0 {
            let long = rest.first()? & 0x80 != 0;
            rest = rest.get(if long { 2 } else { 1 }..)?;
        }
        if extensions & 0x40 != 0 {
            rest = rest.get(1..)?;
        }
        if extensions & 0x30 != 0 {
            rest = rest.get(1..)?;
        }
    }
    let starts_frame = first & 0x10 != 0 && first & 0x07 == 0;
    let starts_key_frame = starts_frame && rest.first().is_some_and(|byte| is_key_byte(*byte));
    Some(Part { starts_frame, starts_key_frame, data: rest })
}

/// Whether a frame can be decoded without an earlier one (RFC 6386, section 9.1).
pub fn is_key_frame(frame: &[u8]) -> bool {
    frame.first().is_some_and(|byte| is_key_byte(*byte))
}

const fn is_key_byte(byte: u8) -> bool {
    byte & 1 == 0
}

/// Width and height that a key frame states.
pub fn size(frame: &[u8]) -> Option<(u16, u16)> {
    if !is_key_frame(frame) || frame.get(3..6)? != [0x9d, 0x01, 0x2a] {
        return None;
    }
    let dimension = |at: usize| {
        let bytes = frame.get(at..at + 2)?.try_into().ok()?;
        Some(u16::from_le_bytes(bytes) & 0x3fff)
    };
    Some((dimension(6)?, dimension(8)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn packets_put_together_are_the_frame(
            frame in prop::collection::vec(any::<u8>(), 1..5_000), picture_id: u16,
        ) {
            let payloads = packets(&frame, picture_id);
            prop_assert!(payloads.iter().all(|payload| payload.len() <= PAYLOAD_BYTES_MAX));
            let parts: Vec<_> = payloads.iter().map(|payload| parse(payload).unwrap()).collect();
            prop_assert!(parts[0].starts_frame);
            prop_assert_eq!(parts[0].starts_key_frame, is_key_frame(&frame));
            prop_assert!(parts[1..].iter().all(|part| !part.starts_frame));
            let joined: Vec<u8> = parts.iter().flat_map(|part| part.data.to_vec()).collect();
            prop_assert_eq!(joined, frame);
        }

        #[test]
        fn any_bytes_are_parsed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&bytes);
            let _ = size(&bytes);
        }
    }

    #[test]
    fn key_frame_states_its_size() {
        let frame = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xf0, 0x00];
        assert_eq!(size(&frame), Some((320, 240)));
    }
}
