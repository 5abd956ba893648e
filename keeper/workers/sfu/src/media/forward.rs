//! One track on its way to one subscriber.

use super::api::{Quality, Want};
use super::codec::{View, has_keyframes};
use super::descriptor::{Descriptor, Point};
use super::layer::Layer;
use super::peer::Peer;
use super::rewrite::{Numbers, Rewriter};
use super::scale::{Outgoing, Scale};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Instant;
use str0m::format::{Codec, PayloadParams};
use str0m::media::{Mid, Pt};
use str0m::rtp::{RedBlock, RedDecoder, RtpPacket, RtpWrite, SeqNo, Ssrc, Vp8Descriptor};

/// Payload types of a subscriber that are remembered; a track has one or two.
const MAPPED_MAX: usize = 8;

/// A forward. Without an outlet it waits for the subscriber's negotiation.
#[derive(Debug)]
pub(super) struct Forward {
    /// The subscriber's place in the room.
    pub to: usize,
    /// The section named by the room; without one, that of the subscriber's last offer for it.
    pub mid: Option<Mid>,
    /// What the subscriber wants.
    pub want: Want,
    /// Where it goes out.
    pub outlet: Option<Outlet>,
    /// The layer being sent.
    pub current: Option<usize>,
    /// The layer to be sent, from its next keyframe on.
    pub target: Option<usize>,
    /// The best layer that the path carries.
    pub carried: Option<Quality>,
    /// The frames of it that the subscriber has use for.
    temporal: TemporalCap,
    /// The frames of a layered stream that go out.
    scale: Scale,
    /// Payload bytes and packets since the last statistics.
    pub bytes: u64,
    /// Packets.
    pub packets: u64,
    /// What the room was told last.
    pub told: Option<Option<Quality>>,
}

/// A section of the subscriber's connection, with its numbering.
#[derive(Debug)]
pub(super) struct Outlet {
    /// Section.
    pub mid: Mid,
    ssrc: Ssrc,
    rewriter: Rewriter,
    mapped: Vec<(Pt, Option<Mapped>)>,
}

/// How packets of an incoming payload type go out.
#[derive(Clone, Copy, Debug)]
struct Mapped {
    pt: Pt,
    payload: Payload,
}

/// What becomes of a payload.
#[derive(Clone, Copy, Debug)]
enum Payload {
    AsIs,
    /// RED for a subscriber that has none.
    UnwrapRed,
    /// RED whose blocks are of a payload type that the subscriber numbers otherwise.
    RenumberRed {
        from: Pt,
        to: Pt,
    },
}

/// A packet as all of a track's forwards see it.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    /// The packet.
    pub packet: &'a RtpPacket,
    /// What it was negotiated as.
    pub params: PayloadParams,
    /// Whether it is RED around that.
    pub red: bool,
    /// What its payload says.
    pub view: View,
    /// What its dependency descriptor says.
    pub described: Option<&'a Descriptor>,
    /// Its layer.
    pub layer: usize,
    /// Arrival.
    pub now: Instant,
}

/// The highest temporal layer that goes out: fewer frames for those who asked for fewer.
#[derive(Clone, Copy, Debug)]
struct TemporalCap {
    wanted: u8,
    current: u8,
}

impl Default for TemporalCap {
    fn default() -> Self {
        Self { wanted: u8::MAX, current: u8::MAX }
    }
}

impl TemporalCap {
    /// Everything may follow a keyframe.
    fn keyframe(&mut self) {
        self.current = self.wanted;
    }

    /// Whether a picture goes out. Down at once; up again only where the stream says that a
    /// picture needs no other of its layer.
    fn passes(&mut self, view: &View) -> bool {
        self.current = self.current.min(self.wanted);
        let Some((layer, synchronised)) = view.temporal else { return true };
        if view.keyframe {
            self.keyframe();
        } else if layer > self.current && layer <= self.wanted && synchronised {
            self.current = if layer == self.wanted { self.wanted } else { layer };
        }
        layer <= self.current
    }
}

impl Outlet {
    /// The outlet of a section, numbered on from what its stream carried before.
    pub fn new(mid: Mid, ssrc: Ssrc, rewriter: Rewriter) -> Self {
        Self { mid, ssrc, rewriter, mapped: Vec::new() }
    }

    /// The stream and its numbering.
    pub fn into_numbering(self) -> (Ssrc, Rewriter) {
        (self.ssrc, self.rewriter)
    }

    fn mapped(&mut self, arrival: &Arrival<'_>, peer: &Peer) -> Option<Mapped> {
        let incoming = arrival.packet.header.payload_type;
        if let Some((_, mapped)) = self.mapped.iter().find(|(pt, _)| *pt == incoming) {
            return *mapped;
        }
        let mapped = peer.outgoing_params(self.mid, arrival.params).map(|params| {
            let (from, to) = (arrival.params.pt(), params.pt());
            match (arrival.red, params.red()) {
                (false, _) => Mapped { pt: to, payload: Payload::AsIs },
                (true, None) => Mapped { pt: to, payload: Payload::UnwrapRed },
                (true, Some(red)) if from == to => Mapped { pt: red, payload: Payload::AsIs },
                (true, Some(red)) => Mapped { pt: red, payload: Payload::RenumberRed { from, to } },
            }
        });
        if self.mapped.len() < MAPPED_MAX {
            self.mapped.push((incoming, mapped));
        }
        mapped
    }
}

impl Forward {
    /// A forward that has sent nothing.
    pub fn new(to: usize, mid: Option<Mid>, want: Want) -> Self {
        Self {
            to,
            mid,
            want,
            outlet: None,
            current: None,
            target: None,
            carried: Some(Quality::High),
            temporal: TemporalCap::default(),
            scale: Scale::default(),
            bytes: 0,
            packets: 0,
            told: None,
        }
    }

    /// Chooses the layer to send: the best one that comes in, is wanted and is carried.
    pub fn choose(&mut self, layers: &[Layer], now: Instant) {
        let Some(carried) = self.carried.filter(|_| self.want.enabled) else {
            self.target = None;
            self.current = None;
            return;
        };
        let best = carried.min(self.want.max_quality);
        if let Some(layer) = self.current.and_then(|current| layers.get(current)) {
            self.temporal.wanted = layer.temporal_for(self.want.max_fps);
        }
        if layers.len() == 1 {
            self.target = Some(0);
            self.scale.want(Point { spatial: best as u8, temporal: self.temporal.wanted });
            return;
        }
        self.scale.want(Point { temporal: self.temporal.wanted, ..Point::ALL });
        let live = || layers.iter().enumerate().filter(|(_, layer)| layer.live(now));
        let chosen = live()
            .rfind(|(_, layer)| layer.quality <= best)
            .or_else(|| live().next())
            .map(|(at, _)| at);
        // While nothing comes in, what was sent last goes on first.
        self.target = chosen.or(self.target);
    }

    /// Whether a keyframe of the target is being waited for.
    pub fn waiting(&self) -> Option<usize> {
        let waits = self.current != self.target || self.scale.needs_keyframe();
        self.target.filter(|_| self.outlet.is_some() && waits)
    }

    /// What the layer that goes out is worth.
    pub fn quality(&self, layers: &[Layer]) -> Option<Quality> {
        let layer = layers.get(self.current?)?;
        match self.scale.current() {
            Some(point) if layers.len() == 1 => Some(match point.spatial {
                0 => Quality::Low,
                1 => Quality::Medium,
                _ => Quality::High,
            }),
            _ => Some(layer.quality),
        }
    }

    /// The layer in which the subscriber may ask for a keyframe.
    pub fn keyframe_layer(&self) -> Option<usize> {
        self.target.or(self.current)
    }

    /// Sends a packet on if it is for this subscriber. Returns whether it was.
    pub fn send(&mut self, arrival: &Arrival<'_>, clock_hz: u32, peer: &mut Peer) -> bool {
        let Some(outlet) = &mut self.outlet else { return false };
        let packet = arrival.packet;
        let numbers = Numbers {
            seq: *packet.seq_no,
            time: packet.header.timestamp,
            picture_id: arrival.view.vp8.and_then(|vp8| vp8.picture_id()),
            tl0_pic_idx: arrival.view.vp8.and_then(|vp8| vp8.tl0_pic_idx()),
        };
        if self.current != Some(arrival.layer) {
            let keyframe = match arrival.described {
                Some(packet) => packet.tells_structure,
                None => arrival.view.keyframe || !has_keyframes(arrival.params.spec().codec),
            };
            if self.target != Some(arrival.layer) || !keyframe {
                return false;
            }
            outlet.rewriter.begin(&numbers, clock_hz, arrival.now);
            self.current = Some(arrival.layer);
            self.temporal.keyframe();
            self.scale.begin();
        }
        let scaled = match (arrival.described, &arrival.view.vp9) {
            (Some(packet), _) => self.scale.pass(packet),
            (None, Some(packet)) => self.scale.pass_vp9(packet),
            (None, None) => self.temporal.passes(&arrival.view).then(Outgoing::default),
        };
        let Some(scaled) = scaled else {
            outlet.rewriter.skip(&numbers);
            return false;
        };
        let Some(mapped) = outlet.mapped(arrival, peer) else { return false };
        let Some(out) = outlet.rewriter.map(&numbers, arrival.now) else { return false };
        let payload: Arc<[u8]> = match mapped.payload {
            Payload::AsIs => packet.payload.clone(),
            Payload::UnwrapRed => match red_primary(&packet.payload) {
                Some(primary) => Arc::from(primary),
                None => return false,
            },
            Payload::RenumberRed { from, to } => {
                Arc::from(red_renumbered(&packet.payload, *from, *to))
            }
        };
        let bytes = payload.len() as u64;
        let seq = SeqNo::from(out.seq);
        let mut write = RtpWrite::new(mapped.pt, seq, out.time, packet.timestamp, payload)
            .marker(packet.header.marker || scaled.ends_picture)
            .nackable(arrival.params.spec().codec.is_video())
            .ext_vals(carried_extensions(packet, scaled));
        if out != numbers
            && let Some(patch) = arrival.view.vp8.and_then(|vp8| vp8_patch(&vp8, &out))
        {
            write = write.vp8_patch(patch);
        }
        if !peer.write(outlet.ssrc, write) {
            return false;
        }
        self.bytes += bytes;
        self.packets += 1;
        true
    }
}

/// VP8's numbers in a descriptor that may hold seven bits only of the picture id.
fn vp8_patch(vp8: &Vp8Descriptor, out: &Numbers) -> Option<str0m::rtp::Vp8Patch> {
    let with = |id: Option<u16>| {
        let mut patch = vp8.patch();
        if let Some(id) = id {
            patch = patch.picture_id(id);
        }
        if let Some(index) = out.tl0_pic_idx {
            patch = patch.tl0_pic_idx(index);
        }
        patch.build().ok()
    };
    with(out.picture_id).or_else(|| with(out.picture_id.map(|id| id & 0x7f)))
}

/// The header extensions that mean something to a subscriber. The others are this connection's
/// business: each hop has its own mids, send times and congestion control.
fn carried_extensions(packet: &RtpPacket, scaled: Outgoing) -> str0m::rtp::ExtensionValues {
    let from = &packet.header.ext_vals;
    let mut carried = str0m::rtp::ExtensionValues {
        audio_level: from.audio_level,
        voice_activity: from.voice_activity,
        video_orientation: from.video_orientation,
        video_content_type: from.video_content_type,
        abs_capture_time: from.abs_capture_time,
        play_delay_min: from.play_delay_min,
        play_delay_max: from.play_delay_max,
        ..Default::default()
    };
    if let Some(descriptor) = scaled.descriptor {
        carried.user_values.set(descriptor);
    }
    carried
}

/// The primary block of a RED payload (RFC 2198).
pub(super) fn red_primary(payload: &[u8]) -> Option<&[u8]> {
    let blocks = RedDecoder::decode(payload).ok()?;
    blocks.last().map(|primary| primary.payload)
}

/// A RED payload whose blocks of payload type `from` are of `to` (RFC 2198, 3: a one-byte header
/// for the last block, four bytes with the top bit set for those before).
fn red_renumbered(payload: &[u8], from: u8, to: u8) -> Vec<u8> {
    let mut renumbered = payload.to_vec();
    let mut at = 0;
    while let Some(header) = renumbered.get_mut(at) {
        let more = *header & 0x80;
        if *header & 0x7f == from {
            *header = more | to;
        }
        if more == 0 {
            break;
        }
        at += 4;
    }
    renumbered
}

/// The Opus packets in what came in, each with its RTP time: with RED, copies of earlier ones first.
pub(super) fn opus_packets(arrival: &Arrival<'_>) -> Vec<(u64, Bytes)> {
    let (payload, rtp_time) = (&arrival.packet.payload, arrival.packet.time.numer());
    if arrival.params.spec().codec != Codec::Opus {
        return Vec::new();
    }
    if !arrival.red {
        return vec![(rtp_time, Bytes::copy_from_slice(payload))];
    }
    let Ok(blocks) = RedDecoder::decode(payload) else { return Vec::new() };
    let packet = |block: &RedBlock<'_>| {
        let rtp_time = rtp_time.checked_sub(block.timestamp_offset.into())?;
        Some((rtp_time, Bytes::copy_from_slice(block.payload)))
    };
    blocks.iter().filter(|block| !block.payload.is_empty()).filter_map(packet).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use str0m::rtp::{RedEncoder, RedundantBlock};

    #[test]
    fn frame_rates_go_down_at_once_and_up_when_the_stream_allows() {
        let mut cap = TemporalCap::default();
        let passes = |cap: &mut TemporalCap, layer, synchronised, keyframe| {
            cap.passes(&View { temporal: Some((layer, synchronised)), keyframe, ..View::default() })
        };
        assert!(passes(&mut cap, 2, false, false));
        cap.wanted = 0;
        assert!(!passes(&mut cap, 2, false, false));
        assert!(passes(&mut cap, 0, false, false));
        cap.wanted = 2;
        assert!(!passes(&mut cap, 1, false, false), "needs a picture that was not sent");
        assert!(passes(&mut cap, 1, true, false));
        assert!(!passes(&mut cap, 2, false, false));
        assert!(passes(&mut cap, 2, true, false));
        cap.wanted = 0;
        assert!(!passes(&mut cap, 1, true, false));
        cap.wanted = 2;
        assert!(passes(&mut cap, 0, false, true));
        assert!(passes(&mut cap, 2, false, false), "after a keyframe");
    }

    #[test]
    fn red_is_taken_apart_and_renumbered() {
        let older = RedundantBlock { pt: 111, timestamp_offset: 960, payload: vec![1, 2, 3] };
        let red = RedEncoder::encode(111, &[4, 5], &[older]);
        assert_eq!(red_primary(&red), Some(&[4, 5][..]));
        let renumbered = red_renumbered(&red, 111, 96);
        let blocks = RedDecoder::decode(&renumbered).unwrap();
        assert!(blocks.iter().all(|block| block.pt == 96));
        assert_eq!(blocks[0].payload, [1, 2, 3]);
        assert_eq!(red_primary(&renumbered), Some(&[4, 5][..]));
        assert_eq!(red_primary(&[0x80]), None);
        assert_eq!(red_renumbered(&[0x80 | 111], 111, 96), [0x80 | 96]);
    }
}
