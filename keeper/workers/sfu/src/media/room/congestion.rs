//! What each path carries, and who gets how much of it.

use super::Room;
use crate::media::allocation::{Demand, Offered, divide};
use crate::media::api::{Kind, Quality};
use crate::media::peer::Congestion;
use std::time::Instant;
use str0m::bwe::BweKind;

/// What a layer is taken to need until it was measured, lowest first: what LiveKit's clients send.
const UNMEASURED_BPS: [u64; 3] = [150_000, 500_000, 1_700_000];
/// What an audio track is taken to need: Opus with RED.
const AUDIO_BPS: u64 = 100_000;

impl Room {
    /// The library has a new estimate of a peer's path.
    pub(super) fn estimated(&mut self, at: usize, estimate: &BweKind, now: Instant) {
        let Some(peer) = self.peers.get_mut(at) else { return };
        let bps = match estimate {
            BweKind::Twcc { estimate, .. } | BweKind::Remb { estimate, .. } => estimate.as_u64(),
            _ => return,
        };
        if peer.congestion == Congestion::Controlled {
            peer.estimate_bps = Some(bps);
            self.allocate(at, now);
        }
    }

    /// Divides a peer's path anew among the videos forwarded to it.
    pub(super) fn allocate(&mut self, at: usize, now: Instant) {
        let Some(peer) = self.peers.get_mut(at) else { return };
        let Some(estimate_bps) =
            peer.estimate_bps.filter(|_| peer.congestion == Congestion::Controlled)
        else {
            return;
        };
        let (mut places, mut demands, mut reserved_bps) = (Vec::new(), Vec::new(), 0);
        for (_, id) in &peer.forwards {
            let Some(&place) = self.track_places.get(id) else { continue };
            let Some(track) = self.tracks.get(place).filter(|track| !track.muted) else { continue };
            let Some(forward) = track.forwards.iter().find(|forward| forward.to == at) else {
                continue;
            };
            if !forward.want.enabled {
                continue;
            }
            if track.kind == Kind::Audio {
                reserved_bps += AUDIO_BPS;
                continue;
            }
            let single = track.layers.len() == 1;
            let spatial = || track.layers[0].spatial_layers().filter(|_| single);
            let layered = spatial().next().is_some();
            let offered: Vec<Offered> = track
                .layers
                .iter()
                .filter(|_| !layered)
                .filter(|layer| layer.live(now))
                .filter(|layer| single || layer.quality <= forward.want.max_quality)
                .map(|layer| Offered {
                    quality: layer.quality,
                    rate_bps: match layer.bitrate_bps {
                        0 if single => UNMEASURED_BPS[1],
                        0 => UNMEASURED_BPS[layer.quality as usize],
                        measured => measured,
                    },
                })
                .chain(
                    spatial()
                        .filter(|(quality, _)| *quality <= forward.want.max_quality)
                        .map(|(quality, rate_bps)| Offered { quality, rate_bps }),
                )
                .collect();
            let current = forward.quality(&track.layers);
            places.push(place);
            demands.push(Demand { priority: forward.want.priority, offered, current });
        }
        let division = divide(estimate_bps, reserved_bps, &demands);
        peer.aim(&division, now);
        let short = demands
            .iter()
            .zip(&division.layers)
            .any(|(demand, layer)| layer.is_none() && !demand.offered.is_empty());
        let pause = peer.too_narrow(short, now);
        for ((place, demand), layer) in places.iter().zip(&demands).zip(division.layers) {
            let carried = match demand.offered.first() {
                // A track that sends nothing at the moment is not held back.
                None => Some(Quality::High),
                Some(_) if pause => layer,
                Some(lowest) => layer.or(Some(lowest.quality)),
            };
            let Some(track) = self.tracks.get_mut(*place) else { continue };
            let Some(forward) = track.forwards.iter_mut().find(|forward| forward.to == at) else {
                continue;
            };
            if forward.carried != carried {
                forward.carried = carried;
                forward.choose(&track.layers, now);
                self.ask_for_waiting(*place, now);
                self.tell_forwarding(*place);
            }
        }
    }
}
