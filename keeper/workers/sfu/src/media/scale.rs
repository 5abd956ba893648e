//! Which frames of a layered stream (SVC) one subscriber gets.
//!
//! One RTP stream carries all layers. What is not wanted is left out, frame by frame: down as soon as
//! the stream allows, up only from a frame on that needs nothing that was left out. The subscriber
//! sees a stream that never had more layers: the last packet of the best frame that goes out ends
//! the picture, and decode targets that it does not get are not said to be served.

use super::codec::Vp9;
use super::descriptor::{Descriptor, Indication, Point, Raw};

/// Frames whose fate is remembered: as many as fit a number, and more than any encoder looks back.
const REMEMBERED: u16 = 128;
/// Pictures of the lowest layers that a change may wait for before a keyframe is asked for.
const PATIENCE_PICTURES: u32 = 1;

/// A subscriber's share of a layered stream.
#[derive(Debug)]
pub(super) struct Scale {
    /// What it is to get.
    wanted: Point,
    /// What it gets.
    current: Option<Point>,
    target: Option<usize>,
    history: History,
    /// Added to frame numbers, so that they go on where the source changes.
    shift: u16,
    last_frame: Option<u16>,
    /// What the subscriber believes is served.
    told_active: Option<u32>,
    /// Pictures of the lowest layers since another target was wanted.
    waited_pictures: u32,
    /// Best spatial layer since the last keyframe, of a stream without descriptors.
    seen_spatial: u8,
}

/// How a packet goes out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Outgoing {
    /// Last packet of the picture, as the subscriber gets it.
    pub ends_picture: bool,
    /// The packet's descriptor.
    pub descriptor: Option<Raw>,
}

/// What was decided about the latest frames.
#[derive(Debug, Default)]
struct History {
    latest: Option<u16>,
    /// Bit n: the frame n before the latest was decided about, and was sent.
    known: u128,
    sent: u128,
}

impl History {
    /// Whether a frame was sent, if it is known.
    fn sent(&self, frame: u16) -> Option<bool> {
        let back = self.latest?.wrapping_sub(frame);
        let known = back < REMEMBERED && self.known >> back & 1 != 0;
        known.then(|| self.sent >> back & 1 != 0)
    }

    /// Notes what becomes of a frame. `false` for one that is too old to be noted.
    fn note(&mut self, frame: u16, sent: bool) -> bool {
        let latest = self.latest.unwrap_or_else(|| frame.wrapping_sub(1));
        let ahead = frame.wrapping_sub(latest);
        if ahead < 1 << 15 {
            self.latest = Some(frame);
            let by = u32::from(ahead);
            self.known = self.known.checked_shl(by).unwrap_or(0);
            self.sent = self.sent.checked_shl(by).unwrap_or(0);
        }
        let back = self.latest.map_or(0, |latest| latest.wrapping_sub(frame));
        if back >= REMEMBERED {
            return false;
        }
        self.known |= 1 << back;
        self.sent |= u128::from(sent) << back;
        true
    }
}

impl Default for Scale {
    fn default() -> Self {
        Self {
            wanted: Point::ALL,
            current: None,
            target: None,
            history: History::default(),
            shift: 0,
            last_frame: None,
            told_active: None,
            waited_pictures: 0,
            seen_spatial: 0,
        }
    }
}

impl Scale {
    /// What the subscriber is to get from now on.
    pub fn want(&mut self, wanted: Point) {
        if self.wanted != wanted {
            self.wanted = wanted;
            self.waited_pictures = 0;
        }
    }

    /// The layers that go out; none of a stream without layers.
    pub const fn current(&self) -> Option<Point> {
        self.current
    }

    /// Whether what is wanted will not come without a keyframe.
    pub const fn needs_keyframe(&self) -> bool {
        self.waited_pictures > PATIENCE_PICTURES
    }

    /// Another source begins: nothing of it has been sent.
    pub fn begin(&mut self) {
        *self = Self { wanted: self.wanted, last_frame: self.last_frame, ..Self::default() };
    }

    /// A packet with a descriptor: how it goes out, if it does.
    pub fn pass(&mut self, packet: &Descriptor) -> Option<Outgoing> {
        let sent = match self.history.sent(packet.frame) {
            Some(sent) => sent,
            None => {
                let sent = self.decide(packet);
                self.history.note(packet.frame, sent) && sent
            }
        };
        if !sent {
            return None;
        }
        let current = self.current?;
        let frame = packet.frame.wrapping_add(self.shift);
        if self.last_frame.is_none_or(|last| frame.wrapping_sub(last) < 1 << 15) {
            self.last_frame = Some(frame);
        }
        let active = packet.active & packet.structure.within(current);
        let all = packet.structure.all_targets();
        let said = match packet.tells_structure {
            // A structure without more says that everything is served.
            true => active != all || packet.active != all,
            false => self.told_active != Some(active) || packet.tells_active,
        };
        if packet.ends_frame || packet.tells_structure {
            self.told_active = Some(active);
        }
        let ends_picture = packet.ends_frame && packet.point.spatial == current.spatial;
        let descriptor = Some(packet.rewritten(frame, said.then_some(active)));
        Some(Outgoing { ends_picture, descriptor })
    }

    /// Whether a frame that is new goes out; changes to another target where the frame allows it.
    fn decide(&mut self, packet: &Descriptor) -> bool {
        if packet.tells_structure {
            // Targets are numbered by it.
            self.target = None;
            if let (true, Some(last)) = (self.history.latest.is_none(), self.last_frame) {
                self.shift = last.wrapping_add(1).wrapping_sub(packet.frame);
            }
        }
        let best = packet.structure.best(self.wanted, packet.active);
        if best == self.target {
            self.waited_pictures = 0;
        } else if let Some(best) = best {
            let begins = packet.indication(best) == Indication::Switch
                && packet
                    .differences()
                    .iter()
                    .all(|back| self.history.sent(packet.frame.wrapping_sub(*back)) == Some(true));
            if begins {
                self.target = Some(best);
                self.current = Some(packet.structure.target(best));
                self.waited_pictures = 0;
            } else if packet.point == Point::default() {
                self.waited_pictures = self.waited_pictures.saturating_add(1);
            }
        }
        self.target.is_some_and(|target| packet.indication(target) != Indication::NotPresent)
    }

    /// A packet of VP9 without a descriptor. All layers below the best one go out, so going down
    /// needs nothing.
    pub fn pass_vp9(&mut self, packet: &Vp9) -> Option<Outgoing> {
        let mut current = self.current.unwrap_or_default();
        if packet.begins_frame {
            if packet.keyframe {
                current = self.wanted;
                self.seen_spatial = 0;
            }
            self.seen_spatial = self.seen_spatial.max(packet.spatial);
            current.spatial = current.spatial.min(self.wanted.spatial);
            current.temporal = current.temporal.min(self.wanted.temporal);
            let next_above = packet.spatial == current.spatial.saturating_add(1);
            if next_above && self.wanted.spatial >= packet.spatial && !packet.predicted {
                // It needs no other picture, and the rest of this one has been sent.
                current.spatial = packet.spatial;
            }
            self.current = Some(current);
            if current.spatial >= self.wanted.spatial.min(self.seen_spatial) {
                self.waited_pictures = 0;
            } else if packet.spatial == 0 {
                self.waited_pictures = self.waited_pictures.saturating_add(1);
            }
        }
        let point = Point { spatial: packet.spatial, temporal: packet.temporal };
        if !current.holds(point) {
            return None;
        }
        if packet.begins_frame && packet.switches_up {
            // From the next picture on.
            self.current = Some(Point { temporal: self.wanted.temporal, ..current });
        }
        let ends_picture = packet.ends_frame && packet.spatial == current.spatial;
        Some(Outgoing { ends_picture, descriptor: None })
    }
}

#[cfg(test)]
mod tests;
