//! What the first bytes of a payload say: whether a keyframe starts, and where in a codec's layers
//! a packet belongs.
//!
//! Only what clients leave readable under end-to-end encryption is looked at.

use str0m::format::Codec;
use str0m::rtp::Vp8Descriptor;

/// What forwarding needs to know of one payload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct View {
    /// A picture starts here that needs no earlier one.
    pub keyframe: bool,
    /// VP8's payload descriptor.
    pub vp8: Option<Vp8Descriptor>,
    /// VP8's temporal layer and whether the picture only depends on layer 0 (`Y`).
    pub temporal: Option<(u8, bool)>,
    /// VP9's layers, if it has any.
    pub vp9: Option<Vp9>,
}

/// What VP9's payload descriptor says of a packet's layers (RFC 9628).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Vp9 {
    /// Spatial layer.
    pub spatial: u8,
    /// Temporal layer.
    pub temporal: u8,
    /// First packet of its frame, which is a spatial layer of a picture.
    pub begins_frame: bool,
    /// Last packet of it.
    pub ends_frame: bool,
    /// The frame needs an earlier picture.
    pub predicted: bool,
    /// The lowest frame of a picture that needs no other.
    pub keyframe: bool,
    /// No later picture of a higher temporal layer needs one from before this.
    pub switches_up: bool,
}

impl View {
    /// The packet's temporal layer; 0 of a stream without layers.
    pub fn temporal_layer(&self) -> u8 {
        let vp8 = self.temporal.map(|(layer, _)| layer);
        vp8.or(self.vp9.map(|vp9| vp9.temporal)).unwrap_or(0)
    }
}

/// Looks at a payload.
pub(super) fn view(codec: Codec, payload: &[u8]) -> View {
    match codec {
        Codec::Vp8 => {
            let vp8 = Vp8Descriptor::parse(payload).ok();
            View {
                keyframe: vp8.is_some_and(|descriptor| descriptor.starts_keyframe(payload)),
                vp8,
                temporal: vp8.and_then(|_| vp8_temporal(payload)),
                vp9: None,
            }
        }
        Codec::H264 => View { keyframe: h264_keyframe(payload), ..View::default() },
        Codec::Vp9 => {
            View { keyframe: vp9_keyframe(payload), vp9: vp9_layers(payload), ..View::default() }
        }
        Codec::Av1 => View { keyframe: av1_keyframe(payload), ..View::default() },
        _ => View::default(),
    }
}

/// Whether a keyframe of the codec can be told by [`view`]. Of other codecs, and of audio, any
/// packet may be the first.
pub(super) const fn has_keyframes(codec: Codec) -> bool {
    matches!(codec, Codec::Vp8 | Codec::H264 | Codec::Vp9 | Codec::Av1)
}

/// Temporal layer and `Y` of a VP8 payload descriptor (RFC 7741, 4.2).
fn vp8_temporal(payload: &[u8]) -> Option<(u8, bool)> {
    let extended = payload.first()? & 0x80 != 0;
    let flags = if extended { *payload.get(1)? } else { return None };
    let (picture_id, tl0, tid) = (flags & 0x80 != 0, flags & 0x40 != 0, flags & 0x20 != 0);
    if !tid {
        return None;
    }
    let mut at = 2;
    if picture_id {
        at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    at += usize::from(tl0);
    let byte = payload.get(at)?;
    Some((byte >> 6, byte & 0x20 != 0))
}

/// Whether an H.264 payload starts a keyframe (RFC 6184): a parameter set, or the first part of an
/// IDR picture. Clients send parameter sets first, so a subscriber that starts there misses nothing.
fn h264_keyframe(payload: &[u8]) -> bool {
    const IDR: u8 = 5;
    const SPS: u8 = 7;
    const STAP_A: u8 = 24;
    const FU_A: u8 = 28;
    let Some(first) = payload.first() else { return false };
    match first & 0x1f {
        IDR | SPS => true,
        STAP_A => {
            let mut rest = &payload[1..];
            while let Some((size, after)) = rest.split_first_chunk::<2>() {
                let size = usize::from(u16::from_be_bytes(*size));
                if after.first().is_some_and(|unit| matches!(unit & 0x1f, IDR | SPS)) {
                    return true;
                }
                let Some(next) = after.get(size..) else { return false };
                rest = next;
            }
            false
        }
        FU_A => payload.get(1).is_some_and(|fu| fu & 0x80 != 0 && fu & 0x1f == IDR),
        _ => false,
    }
}

/// Whether a VP9 payload starts a keyframe (RFC 9628): the beginning of a frame that is predicted
/// from no other picture, in the lowest spatial layer.
fn vp9_keyframe(payload: &[u8]) -> bool {
    let Some(first) = payload.first() else { return false };
    let (picture_id, predicted, layers, begins) =
        (first & 0x80 != 0, first & 0x40 != 0, first & 0x20 != 0, first & 0x08 != 0);
    if predicted || !begins {
        return false;
    }
    if !layers {
        return true;
    }
    let mut at = 1;
    if picture_id {
        let Some(byte) = payload.get(at) else { return false };
        at += if byte & 0x80 != 0 { 2 } else { 1 };
    }
    payload.get(at).is_some_and(|byte| (byte >> 1) & 0x07 == 0)
}

/// The layers of a VP9 payload; none of a stream without them.
fn vp9_layers(payload: &[u8]) -> Option<Vp9> {
    let first = *payload.first()?;
    let flag = |bit: u8| first & bit != 0;
    let (picture_id, layers) = (flag(0x80), flag(0x20));
    if !layers {
        return None;
    }
    let at = match picture_id {
        false => 1,
        true if payload.get(1)? & 0x80 == 0 => 2,
        true => 3,
    };
    let byte = *payload.get(at)?;
    let spatial = byte >> 1 & 0x07;
    let (predicted, begins_frame) = (flag(0x40), flag(0x08));
    Some(Vp9 {
        spatial,
        temporal: byte >> 5,
        begins_frame,
        ends_frame: flag(0x04),
        predicted,
        keyframe: begins_frame && !predicted && spatial == 0,
        switches_up: byte & 0x10 != 0,
    })
}

/// Whether an AV1 payload starts a coded video sequence: the `N` bit of its aggregation header.
fn av1_keyframe(payload: &[u8]) -> bool {
    payload.first().is_some_and(|header| header & 0x08 != 0 && header & 0x80 == 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn vp8_descriptors_are_read() {
        // X, S; I+L+T; 15-bit picture id 0x1234; TL0PICIDX 7; TID 2, Y; then a keyframe's header.
        let payload = [0x90, 0xe0, 0x92, 0x34, 7, 0xa0, 0x10, 0, 0];
        let seen = view(Codec::Vp8, &payload);
        assert!(seen.keyframe);
        assert_eq!(seen.temporal, Some((2, true)));
        assert_eq!(seen.vp8.and_then(|d| d.picture_id()), Some(0x1234));
        let inter = [0x90, 0xe0, 0x92, 0x34, 7, 0xa0, 0x11, 0, 0];
        assert!(!view(Codec::Vp8, &inter).keyframe);
    }

    #[test]
    fn h264_keyframes_are_seen_in_all_packings() {
        assert!(view(Codec::H264, &[0x67, 0x42]).keyframe, "parameter set");
        assert!(view(Codec::H264, &[0x65, 0x88]).keyframe, "IDR");
        assert!(view(Codec::H264, &[0x78, 0, 1, 0x09, 0, 2, 0x67, 0x42]).keyframe, "aggregate");
        assert!(view(Codec::H264, &[0x7c, 0x85, 0x88]).keyframe, "first fragment");
        assert!(!view(Codec::H264, &[0x7c, 0x05, 0x88]).keyframe, "later fragment");
        assert!(!view(Codec::H264, &[0x61, 0x88]).keyframe, "other slice");
    }

    #[test]
    fn vp9_and_av1_keyframes_are_seen() {
        assert!(view(Codec::Vp9, &[0x88, 0x01]).keyframe);
        assert!(!view(Codec::Vp9, &[0xc8, 0x01]).keyframe, "predicted");
        assert!(!view(Codec::Vp9, &[0xa8, 0x01, 0x02]).keyframe, "spatial layer 1");
        assert_eq!(view(Codec::Vp9, &[0x88, 0x01]).vp9, None);
        // I, P, L, E; 15-bit picture id; temporal layer 2, switching up, spatial layer 1.
        let layers = view(Codec::Vp9, &[0xe4, 0x92, 0x34, 0x52, 7]).vp9.unwrap();
        assert_eq!((layers.temporal, layers.spatial, layers.switches_up), (2, 1, true));
        assert_eq!((layers.begins_frame, layers.ends_frame), (false, true));
        assert!(view(Codec::Av1, &[0x18, 0x0a]).keyframe);
        assert!(!view(Codec::Av1, &[0x10, 0x0a]).keyframe);
    }

    proptest! {
        #[test]
        fn no_payload_is_too_strange(payload in proptest::collection::vec(any::<u8>(), 0..64)) {
            for codec in [Codec::Vp8, Codec::H264, Codec::Vp9, Codec::Av1, Codec::Opus] {
                view(codec, &payload);
            }
        }
    }
}
