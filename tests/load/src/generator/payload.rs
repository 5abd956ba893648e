//! The packets: parts of VP8 key frames, with the time in them.

use std::time::{SystemTime, UNIX_EPOCH};

/// Bytes of a payload: what video packets have on average when they are full.
pub const PAYLOAD_BYTES: usize = 1_100;

/// Where the time is: behind the descriptor and a key frame's header.
const TIME_AT: usize = 16;
/// Behind it, so that nothing else is taken for it.
const MARK: [u8; 8] = *b"heliload";

/// Nanoseconds since 1970, the clock that the kernel's timestamps have.
pub fn unix_nanos() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64)
}

/// A packet that is sent now: the first of its picture, or a later one.
pub fn payload(now_nanos: u64, picture_id: u16, first: bool) -> Vec<u8> {
    let mut payload = vec![0; PAYLOAD_BYTES];
    let [high, low] = (picture_id & 0x7fff).to_be_bytes();
    // Descriptor with picture id (RFC 7741), which says whether a picture starts here.
    let descriptor = if first { 0x90 } else { 0x80 };
    payload[..4].copy_from_slice(&[descriptor, 0x80, 0x80 | high, low]);
    if first {
        // Key frame of 320 x 180 (RFC 6386, section 9.1).
        let header = [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00];
        payload[4..14].copy_from_slice(&header);
    }
    payload[TIME_AT..TIME_AT + 8].copy_from_slice(&now_nanos.to_le_bytes());
    payload[TIME_AT + 8..TIME_AT + 16].copy_from_slice(&MARK);
    payload
}

/// When a packet was sent, in nanoseconds since 1970; `None` for packets that are not ours.
pub fn sent_nanos(payload: &[u8]) -> Option<u64> {
    let time = payload.get(TIME_AT..TIME_AT + 8)?;
    let mark = payload.get(TIME_AT + 8..TIME_AT + 16)?;
    (mark == MARK).then(|| u64::from_le_bytes(time.try_into().expect("8 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_call::packet::vp8;

    #[test]
    fn packets_are_a_key_frame_and_tell_their_time() {
        let first = payload(1_234_567_890_123, 300, true);
        let part = vp8::parse(&first).unwrap();
        assert!(part.starts_key_frame);
        assert_eq!(vp8::size(part.data), Some((320, 180)));
        let second = payload(1_234_567_890_124, 300, false);
        assert!(!vp8::parse(&second).unwrap().starts_key_frame);
        assert_eq!(sent_nanos(&first), Some(1_234_567_890_123));
        assert_eq!(sent_nanos(&second), Some(1_234_567_890_124));
        assert_eq!(sent_nanos(&[0; PAYLOAD_BYTES]), None);
    }
}
