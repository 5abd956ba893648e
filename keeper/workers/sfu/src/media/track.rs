//! A published track: its layers, who it is forwarded to, how loud it is.

use super::api::{Kind, Quality, TrackId, TrackStats};
use super::forward::Forward;
use super::layer::Layer;
use std::time::{Duration, Instant};
use str0m::format::PayloadParams;
use str0m::media::{Mid, Pt, Rid};

/// Payload types of a publisher that are remembered; a track has one or two.
const PARAMS_MAX: usize = 8;

/// A track.
#[derive(Debug)]
pub(super) struct Track {
    /// Its id.
    pub id: TrackId,
    /// The publisher's place in the room.
    pub publisher: usize,
    /// The publisher's section.
    pub mid: Mid,
    /// Audio or video.
    pub kind: Kind,
    /// Whether nothing is expected to come.
    pub muted: bool,
    /// Lowest first; one without a rid if there is no simulcast.
    pub layers: Vec<Layer>,
    /// Who gets it.
    pub forwards: Vec<Forward>,
    /// What audio was copied to the room, if it is.
    pub tapped: Option<Copied>,
    /// Whether the room was told of the first packet.
    pub started: bool,
    /// Ticks of the RTP clock per second; 0 before the first packet.
    pub clock_hz: u32,
    /// Loudness since the last report.
    pub loudness: Loudness,
    params: Vec<(Pt, Option<(PayloadParams, bool)>)>,
}

impl Track {
    /// A track of which nothing came yet.
    pub fn new(
        id: TrackId,
        publisher: usize,
        mid: Mid,
        kind: Kind,
        layers: &[(Quality, String)],
    ) -> Self {
        let mut layers: Vec<Layer> = layers
            .iter()
            .map(|(quality, rid)| Layer::new(*quality, Some(Rid::from(rid.as_str()))))
            .collect();
        layers.sort_by_key(|layer| layer.quality);
        if layers.is_empty() {
            layers.push(Layer::new(Quality::High, None));
        }
        Self {
            id,
            publisher,
            mid,
            kind,
            muted: false,
            layers,
            forwards: Vec::new(),
            tapped: None,
            started: false,
            clock_hz: 0,
            loudness: Loudness::default(),
            params: Vec::new(),
        }
    }

    /// The layer with a rid. A publisher that announced one stream may label it as it likes.
    pub fn layer_at(&self, rid: Option<Rid>) -> Option<usize> {
        match &self.layers[..] {
            [only] if only.rid.is_none() => Some(0),
            [only] if rid.is_none() || only.rid == rid => Some(0),
            layers => layers.iter().position(|layer| layer.rid == rid),
        }
    }

    /// What a payload type was negotiated as, and whether it is RED around that.
    pub fn params(
        &mut self,
        pt: Pt,
        negotiated: impl FnOnce() -> Option<(PayloadParams, bool)>,
    ) -> Option<(PayloadParams, bool)> {
        if let Some((_, known)) = self.params.iter().find(|(known, _)| *known == pt) {
            return *known;
        }
        let found = negotiated();
        if self.params.len() < PARAMS_MAX {
            self.params.push((pt, found));
        }
        found
    }

    /// Chooses the layer of every forward anew.
    pub fn choose(&mut self, now: Instant) {
        for forward in &mut self.forwards {
            forward.choose(&self.layers, now);
        }
    }

    /// Ends a statistics interval; `None` if nothing came.
    pub fn take_stats(&mut self, lasted: Duration) -> Option<TrackStats> {
        let mut stats = TrackStats {
            track: self.id,
            bytes: 0,
            packets: 0,
            loss_ppm: 0,
            jitter_ms: 0,
            layer_bps: [0; 3],
        };
        let mut expected = 0;
        for (at, layer) in self.layers.iter_mut().enumerate() {
            let interval = layer.take_interval(lasted);
            stats.bytes += interval.bytes;
            stats.packets += interval.packets;
            expected += interval.expected;
            if interval.packets > 0 {
                stats.jitter_ms = stats.jitter_ms.max(layer.jitter_ms(self.clock_hz));
            }
            if let Some(bps) = stats.layer_bps.get_mut(at) {
                *bps = layer.bitrate_bps;
            }
        }
        let missed = expected.saturating_sub(stats.packets);
        stats.loss_ppm = (missed * 1_000_000).checked_div(expected).unwrap_or(0) as u32;
        (stats.packets > 0).then_some(stats)
    }
}

/// The packets last copied to the room, by their RTP time: with RED most come more than once.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Copied {
    times: [Option<u64>; 16],
    next: usize,
}

impl Copied {
    /// Whether a packet of that time is copied for the first time.
    pub fn is_new(&mut self, rtp_time: u64) -> bool {
        let is_new = !self.times.contains(&Some(rtp_time));
        if is_new {
            self.times[self.next] = Some(rtp_time);
            self.next = (self.next + 1) % self.times.len();
        }
        is_new
    }
}

/// Audio levels (RFC 6464) gathered over an interval.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Loudness {
    packets: u32,
    level_sum: u32,
    voiced_packets: u32,
    voiced_level_sum: u32,
}

impl Loudness {
    /// One packet's level, in -dBov, and whether it holds voice.
    pub fn heard(&mut self, level: u8, voiced: bool) {
        self.packets += 1;
        self.level_sum += u32::from(level);
        if voiced {
            self.voiced_packets += 1;
            self.voiced_level_sum += u32::from(level);
        }
    }

    /// Mean level, of the voiced packets if there are any, and the share of them in per cent.
    pub fn take(&mut self) -> Option<(u8, u8)> {
        let heard = std::mem::take(self);
        let mean = match heard.voiced_packets {
            0 => heard.level_sum.checked_div(heard.packets)?,
            voiced => heard.voiced_level_sum / voiced,
        };
        Some((mean.min(127) as u8, (heard.voiced_packets * 100 / heard.packets) as u8))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loudness_is_that_of_the_voiced_packets() {
        let mut loudness = Loudness::default();
        assert_eq!(loudness.take(), None);
        for (level, voiced) in [(30, true), (40, true), (127, false), (127, false)] {
            loudness.heard(level, voiced);
        }
        assert_eq!(loudness.take(), Some((35, 50)));
        loudness.heard(127, false);
        assert_eq!(loudness.take(), Some((127, 0)));
    }

    #[test]
    fn packet_is_copied_once() {
        let mut copied = Copied::default();
        for time in 0..100 {
            assert!(copied.is_new(time));
            assert!(!copied.is_new(time.saturating_sub(2)));
        }
    }

    #[test]
    fn layers_are_found_by_rid() {
        let two = [(Quality::High, "f".into()), (Quality::Low, "q".into())];
        let track = Track::new(TrackId(1), 0, Mid::from("0"), Kind::Video, &two);
        assert_eq!(track.layer_at(Some(Rid::from("q"))), Some(0));
        assert_eq!(track.layer_at(Some(Rid::from("f"))), Some(1));
        assert_eq!(track.layer_at(Some(Rid::from("h"))), None);
        assert_eq!(track.layer_at(None), None);
        let one = Track::new(TrackId(1), 0, Mid::from("0"), Kind::Video, &[]);
        assert_eq!(one.layer_at(Some(Rid::from("x"))), Some(0));
    }
}
