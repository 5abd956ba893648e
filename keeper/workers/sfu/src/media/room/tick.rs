//! What a room does now and then: keyframes that are still missing, levels, statistics.

use super::Room;
use crate::media::api::{Event, ForwardStats, Kind, LEVELS_EVERY_MS, STATS_EVERY_MS};
use crate::media::host::Host;
use std::time::{Duration, Instant};

/// Interval at which a room is looked after.
pub const TICK_EVERY: Duration = Duration::from_millis(100);

/// Interval at which paths are divided anew, estimates apart: layers come and go, and grow.
const ALLOCATE_EVERY: Duration = Duration::from_millis(500);

impl Room {
    /// Looks after the room.
    pub fn tick(&mut self, now: Instant, host: &mut Host) {
        let videos: Vec<usize> = self
            .tracks
            .iter()
            .filter(|(_, track)| track.kind == Kind::Video)
            .map(|(place, _)| place)
            .collect();
        for place in videos {
            if let Some(track) = self.tracks.get_mut(place) {
                track.choose(now);
            }
            self.ask_for_waiting(place, now);
        }
        if now >= self.allocated_at + ALLOCATE_EVERY {
            self.allocated_at = now;
            let peers: Vec<usize> = self.peers.iter().map(|(at, _)| at).collect();
            for at in peers {
                self.allocate(at, now);
            }
        }
        if now >= self.levels_at + Duration::from_millis(LEVELS_EVERY_MS) {
            self.levels_at = now;
            self.report_levels();
        }
        let lasted = now.saturating_duration_since(self.stats_at);
        if lasted >= Duration::from_millis(STATS_EVERY_MS) {
            self.stats_at = now;
            self.report_stats(lasted);
        }
        self.flush(now, host);
    }

    fn report_levels(&mut self) {
        let levels: Vec<_> = self
            .tracks
            .iter_mut()
            .filter_map(|(_, track)| {
                let (level, voiced) = track.loudness.take()?;
                Some((track.id, level, voiced))
            })
            .collect();
        if !levels.is_empty() {
            self.events.send(Event::Levels { levels });
        }
    }

    fn report_stats(&mut self, lasted: Duration) {
        let peers: Vec<_> = self
            .peers
            .iter_mut()
            .filter(|(_, peer)| peer.up)
            .map(|(_, peer)| peer.take_stats())
            .collect();
        let (mut tracks, mut forwards) = (Vec::new(), Vec::new());
        for (_, track) in self.tracks.iter_mut() {
            let id = track.id;
            tracks.extend(track.take_stats(lasted));
            for forward in track.forwards.iter_mut().filter(|forward| forward.packets > 0) {
                let Some(peer) = self.peers.get(forward.to) else { continue };
                forwards.push(ForwardStats {
                    track: id,
                    to: peer.id,
                    bytes: std::mem::take(&mut forward.bytes),
                    packets: std::mem::take(&mut forward.packets),
                });
            }
        }
        if !(peers.is_empty() && tracks.is_empty() && forwards.is_empty()) {
            self.events.send(Event::Stats { peers, tracks, forwards });
        }
    }
}
