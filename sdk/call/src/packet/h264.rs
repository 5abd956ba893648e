//! H.264 (RFC 6184), packetization mode 1. Frames are NAL units behind Annex B start codes.

use super::{PAYLOAD_BYTES_MAX, Part};

const START_CODE: [u8; 4] = [0, 0, 0, 1];
const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// The NAL units of an Annex B frame.
pub fn nal_units(frame: &[u8]) -> Vec<&[u8]> {
    let mut starts = Vec::new();
    let mut at = 0;
    while at + 3 <= frame.len() {
        if frame[at..at + 3] == [0, 0, 1] {
            starts.push(at);
            at += 3;
        } else {
            at += 1;
        }
    }
    let ends = starts.iter().skip(1).copied().chain([frame.len()]);
    let units = starts.iter().zip(ends).map(|(start, end)| {
        let unit = &frame[start + 3..end];
        // A fourth start-code byte, and padding, are zeros before the next unit.
        let length = unit.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        &unit[..length]
    });
    units.filter(|unit| !unit.is_empty()).collect()
}

/// Cuts a frame into payloads.
pub fn packets(frame: &[u8]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    for unit in nal_units(frame) {
        if unit.len() <= PAYLOAD_BYTES_MAX {
            payloads.push(unit.to_vec());
            continue;
        }
        let indicator = unit[0] & 0xe0 | FU_A;
        let kind = unit[0] & 0x1f;
        let chunks = unit[1..].chunks(PAYLOAD_BYTES_MAX - 2);
        let last = chunks.len() - 1;
        for (index, chunk) in chunks.enumerate() {
            let start = if index == 0 { 0x80 } else { 0 };
            let end = if index == last { 0x40 } else { 0 };
            payloads.push([&[indicator, start | end | kind], chunk].concat());
        }
    }
    payloads
}

/// A payload's place in its frame, or `None` for what is not H.264. A frame's first packet cannot
/// be told from others: `starts_frame` is true for every packet that begins a NAL unit.
pub fn parse(payload: &[u8]) -> Option<Part<'_>> {
    let kind = payload.first()? & 0x1f;
    let (starts_frame, inner) = match kind {
        STAP_A => (true, payload.get(3)? & 0x1f),
        FU_A => (payload.get(1)? & 0x80 != 0, payload[1] & 0x1f),
        1..=23 => (true, kind),
        _ => return None,
    };
    // Encoders put the parameter sets before an IDR picture; without them it cannot be decoded.
    let starts_key_frame = starts_frame && inner == SPS;
    Some(Part { starts_frame, starts_key_frame, data: payload })
}

/// Adds a payload to a frame in Annex B form.
pub fn append(frame: &mut Vec<u8>, payload: &[u8]) {
    let Some(kind) = payload.first().map(|byte| byte & 0x1f) else { return };
    match kind {
        STAP_A => {
            let mut rest = &payload[1..];
            while let Some((length, after)) = rest.split_first_chunk::<2>() {
                let length = usize::from(u16::from_be_bytes(*length));
                let Some(unit) = after.get(..length) else { return };
                frame.extend_from_slice(&START_CODE);
                frame.extend_from_slice(unit);
                rest = &after[length..];
            }
        }
        FU_A => {
            let Some(&header) = payload.get(1) else { return };
            if header & 0x80 != 0 {
                frame.extend_from_slice(&START_CODE);
                frame.push(payload[0] & 0xe0 | header & 0x1f);
            }
            frame.extend_from_slice(&payload[2..]);
        }
        _ => {
            frame.extend_from_slice(&START_CODE);
            frame.extend_from_slice(payload);
        }
    }
}

/// Whether a frame can be decoded without an earlier one.
pub fn is_key_frame(frame: &[u8]) -> bool {
    nal_units(frame).iter().any(|unit| unit[0] & 0x1f == IDR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unit() -> impl Strategy<Value = Vec<u8>> {
        // Without zeros there are no start codes inside; encoders escape them.
        (1u8..=23, prop::collection::vec(1u8..=255, 1..3_000))
            .prop_map(|(kind, rest)| [vec![0x60 | kind], rest].concat())
    }

    proptest! {
        #[test]
        fn packets_put_together_are_the_frame(units in prop::collection::vec(unit(), 1..4)) {
            let frame: Vec<u8> =
                units.iter().flat_map(|unit| [&START_CODE[..], unit].concat()).collect();
            let payloads = packets(&frame);
            prop_assert!(payloads.iter().all(|payload| payload.len() <= PAYLOAD_BYTES_MAX));
            let mut joined = Vec::new();
            for payload in &payloads {
                append(&mut joined, parse(payload).unwrap().data);
            }
            prop_assert_eq!(joined, frame);
        }

        #[test]
        fn any_bytes_are_parsed_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = parse(&bytes);
            append(&mut Vec::new(), &bytes);
            let _ = is_key_frame(&bytes);
        }
    }

    #[test]
    fn parameter_sets_in_one_packet_begin_a_key_frame() {
        let stap = [STAP_A, 0, 2, 0x67, 1, 0, 2, 0x68, 2];
        assert!(parse(&stap).unwrap().starts_key_frame);
        let mut frame = Vec::new();
        append(&mut frame, &stap);
        assert_eq!(nal_units(&frame), [&[0x67, 1][..], &[0x68, 2]]);
    }
}
