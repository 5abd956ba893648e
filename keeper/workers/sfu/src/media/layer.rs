//! One stream as it comes in from a publisher: a track's only one, or a simulcast layer.

use super::api::Quality;
use super::codec::View;
use super::descriptor::{Descriptor, Indication, Raw, Structure};
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::media::Rid;
use str0m::rtp::Ssrc;

/// Between two keyframe requests for a layer. Encoders answer within a frame or two; a second
/// request before that only costs another keyframe.
pub(super) const KEYFRAME_EVERY: Duration = Duration::from_millis(500);
/// A layer that sent nothing for so long is taken to be switched off by its publisher.
const QUIET_AFTER: Duration = Duration::from_secs(2);

/// A stream coming in.
#[derive(Debug)]
pub(super) struct Layer {
    /// What it is worth.
    pub quality: Quality,
    /// Its rid; none for a single stream.
    pub rid: Option<Rid>,
    ssrc: Option<Ssrc>,
    last_arrival: Option<Instant>,
    keyframe_wanted: bool,
    keyframe_asked: Option<Instant>,
    interval: Interval,
    /// Bits per second over the last whole interval.
    pub bitrate_bps: u64,
    highest_seq: Option<u64>,
    last_transit: Option<i64>,
    jitter_ticks: f64,
    /// Pictures in the interval, by temporal layer.
    pictures: [u32; 4],
    /// Pictures per second up to each temporal layer, over the last whole interval.
    rate: [u32; 4],
    /// What a layered stream is made of, and which of its decode targets are served.
    structure: Option<(Arc<Structure>, u32)>,
    /// Payload bytes in the interval that a subscriber of each spatial layer gets.
    spatial_bytes: [u64; SPATIAL_LAYERS],
    /// The same as bits per second, over the last whole interval.
    spatial_bps: [u64; SPATIAL_LAYERS],
}

/// Spatial layers that rooms can ask for.
const SPATIAL_LAYERS: usize = 3;
const QUALITIES: [Quality; SPATIAL_LAYERS] = [Quality::Low, Quality::Medium, Quality::High];

/// Counts since the last statistics.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Interval {
    /// Payload bytes.
    pub bytes: u64,
    /// Packets, once each.
    pub packets: u64,
    /// Packets that the sequence numbers say were sent.
    pub expected: u64,
}

impl Layer {
    /// Nothing received yet.
    pub fn new(quality: Quality, rid: Option<Rid>) -> Self {
        Self {
            quality,
            rid,
            ssrc: None,
            last_arrival: None,
            keyframe_wanted: false,
            keyframe_asked: None,
            interval: Interval::default(),
            bitrate_bps: 0,
            highest_seq: None,
            last_transit: None,
            jitter_ticks: 0.0,
            pictures: [0; 4],
            rate: [0; 4],
            structure: None,
            spatial_bytes: [0; SPATIAL_LAYERS],
            spatial_bps: [0; SPATIAL_LAYERS],
        }
    }

    /// Reads a packet's dependency descriptor.
    pub fn describe(&mut self, raw: &Raw) -> Option<Descriptor> {
        let known = self.structure.as_ref().map(|(structure, active)| (structure, *active));
        let read = Descriptor::read(&raw.0, known);
        let read = read?;
        if read.tells_structure || read.tells_active {
            self.structure = Some((read.structure.clone(), read.active));
        }
        Some(read)
    }

    /// Counts a packet of a layered stream for everybody who would get it.
    pub fn layered(&mut self, view: &View, described: Option<&Descriptor>, bytes: usize) {
        if let Some(packet) = described {
            for target in packet.structure.best_of_layers(packet.active) {
                let spatial = usize::from(packet.structure.target(target).spatial);
                if packet.indication(target) != Indication::NotPresent
                    && let Some(sum) = self.spatial_bytes.get_mut(spatial)
                {
                    *sum += bytes as u64;
                }
            }
        } else if let Some(packet) = view.vp9 {
            // All lower layers go along.
            for sum in self.spatial_bytes.iter_mut().skip(packet.spatial.into()) {
                *sum += bytes as u64;
            }
        }
    }

    /// What subscribers can choose among: layers of the one stream, lowest first, with the bits per
    /// second that each takes; nothing of a stream without layers.
    pub fn spatial_layers(&self) -> impl Iterator<Item = (Quality, u64)> {
        let mut below = 0;
        let layers = QUALITIES.into_iter().zip(self.spatial_bps);
        // One that takes nothing, or nothing more than the one below it, is not there.
        layers.filter(move |(_, bps)| *bps > 0 && std::mem::replace(&mut below, *bps) != *bps)
    }

    /// Whether it is being sent.
    pub fn live(&self, now: Instant) -> bool {
        self.last_arrival.is_some_and(|at| now.saturating_duration_since(at) < QUIET_AFTER)
    }

    /// Whether a stream is another one than before: a publisher that starts anew has new numbers,
    /// which do not go on from the old ones.
    pub fn restarted(&mut self, ssrc: Ssrc) -> bool {
        let restarted = self.ssrc.replace(ssrc).is_some_and(|before| before != ssrc);
        if restarted {
            self.structure = None;
        }
        restarted
    }

    /// Counts a packet. Jitter as in RFC 3550, A.8.
    pub fn received(&mut self, seq: u64, time: u32, bytes: usize, clock_hz: u32, now: Instant) {
        let quiet = !self.live(now);
        self.interval.bytes += bytes as u64;
        self.interval.packets += 1;
        // A sender that restarts its numbering has lost nothing.
        let highest = self.highest_seq.filter(|highest| seq.abs_diff(*highest) < 10_000);
        self.interval.expected += match highest {
            None => 1,
            Some(highest) => seq.saturating_sub(highest),
        };
        self.highest_seq = Some(highest.map_or(seq, |highest| highest.max(seq)));
        if let (Some(last), false) = (self.last_arrival, quiet) {
            let passed = now.saturating_duration_since(last).as_micros() as i64;
            let arrival = passed * i64::from(clock_hz) / 1_000_000;
            if let Some(transit) = self.last_transit {
                let sent = i64::from(time.wrapping_sub(transit as u32) as i32);
                self.jitter_ticks += ((arrival - sent).abs() as f64 - self.jitter_ticks) / 16.0;
            }
        }
        self.last_transit = Some(i64::from(time));
        self.last_arrival = Some(now);
    }

    /// Counts a picture's last packet.
    pub fn pictured(&mut self, temporal: u8) {
        self.pictures[usize::from(temporal.min(3))] += 1;
    }

    /// The highest temporal layer with which there are not more pictures a second than wanted;
    /// everything for 0. A fifth more is let pass, since rates are not exact.
    pub fn temporal_for(&self, max_fps: u32) -> u8 {
        if max_fps == 0 {
            return u8::MAX;
        }
        let fits = |rate: &u32| *rate * 5 <= max_fps * 6;
        let layers = self.rate.iter().take_while(|rate| fits(rate)).count();
        if layers == self.rate.len() { u8::MAX } else { layers.saturating_sub(1) as u8 }
    }

    /// Interarrival jitter in ms.
    pub fn jitter_ms(&self, clock_hz: u32) -> u32 {
        (self.jitter_ticks * 1_000.0 / f64::from(clock_hz.max(1))).min(60_000.0) as u32
    }

    /// Ends a statistics interval.
    pub fn take_interval(&mut self, lasted: Duration) -> Interval {
        let taken = std::mem::take(&mut self.interval);
        let lasted_ms = (lasted.as_millis() as u64).max(1);
        self.bitrate_bps = taken.bytes * 8 * 1_000 / lasted_ms;
        for (bps, bytes) in self.spatial_bps.iter_mut().zip(&mut self.spatial_bytes) {
            *bps = std::mem::take(bytes) * 8 * 1_000 / lasted_ms;
        }
        let mut pictures = 0;
        for (rate, counted) in self.rate.iter_mut().zip(std::mem::take(&mut self.pictures)) {
            pictures += u64::from(counted);
            *rate = (pictures * 1_000 / lasted_ms) as u32;
        }
        taken
    }

    /// A subscriber needs a keyframe.
    pub fn want_keyframe(&mut self) {
        self.keyframe_wanted = true;
    }

    /// A keyframe has come: whoever waited for one has it.
    pub fn keyframe_came(&mut self) {
        self.keyframe_wanted = false;
    }

    /// Whether a request is to be sent to the publisher now; notes that it was.
    pub fn ask_for_keyframe(&mut self, now: Instant) -> bool {
        let due = self.keyframe_asked.is_none_or(|at| now.duration_since(at) >= KEYFRAME_EVERY);
        if !(self.keyframe_wanted && due) {
            return false;
        }
        self.keyframe_asked = Some(now);
        self.keyframe_wanted = false;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_wishes_are_one_request() {
        let mut layer = Layer::new(Quality::Low, None);
        let start = Instant::now();
        let mut asked = 0;
        for ms in (0..1_000).step_by(10) {
            layer.want_keyframe();
            asked += u32::from(layer.ask_for_keyframe(start + Duration::from_millis(ms)));
        }
        assert_eq!(asked, 2);
        layer.keyframe_came();
        assert!(!layer.ask_for_keyframe(start + Duration::from_secs(5)));
    }

    #[test]
    fn frame_rates_choose_temporal_layers() {
        let mut layer = Layer::new(Quality::Low, None);
        for picture in 0..30 {
            layer.pictured([0, 2, 1, 2][picture % 4]);
        }
        layer.take_interval(Duration::from_secs(1));
        let chosen = [0, 30, 20, 15, 8, 1].map(|fps| layer.temporal_for(fps));
        assert_eq!(chosen, [u8::MAX, u8::MAX, 1, 1, 0, 0]);
    }

    #[test]
    fn a_stream_is_new_once() {
        let mut layer = Layer::new(Quality::Low, None);
        let seen = [7, 7, 8, 8].map(|ssrc: u32| layer.restarted(ssrc.into()));
        assert_eq!(seen, [false, false, true, false]);
    }

    #[test]
    fn loss_is_what_the_numbers_leave_out() {
        let mut layer = Layer::new(Quality::Low, None);
        let now = Instant::now();
        for seq in [65_530, 65_531, 65_534, 65_533, 65_536] {
            layer.received(seq, 0, 100, 90_000, now);
        }
        let interval = layer.take_interval(Duration::from_secs(1));
        assert_eq!((interval.packets, interval.expected, interval.bytes), (5, 7, 500));
        assert_eq!(layer.bitrate_bps, 4_000);
    }
}
