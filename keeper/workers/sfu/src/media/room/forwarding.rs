//! The way of a packet through a room, and of keyframe requests against it.

use super::Room;
use crate::media::api::{Event, Kind, TrackId};
use crate::media::codec;
use crate::media::descriptor::Raw;
use crate::media::forward::{Arrival, opus_packets};
use std::time::Instant;
use str0m::media::Mid;
use str0m::rtp::RtpPacket;

/// Bytes of a payload that are sent on. Media stay below a path's 1,500 with all headers; the
/// WebRTC library has a buffer of 2,000 for what goes out, and would not survive more.
const PAYLOAD_BYTES_MAX: usize = 1_500;

impl Room {
    /// Sends a publisher's packet on to all who get it.
    pub(super) fn forward(&mut self, from: usize, packet: &RtpPacket, now: Instant) {
        if packet.payload.len() > PAYLOAD_BYTES_MAX {
            return;
        }
        let Some(publisher) = self.peers.get_mut(from) else { return };
        let ssrc = packet.header.ssrc;
        let (place, layer) = match publisher.source(ssrc) {
            Some(source) => match source.place {
                Some(place) => place,
                None => return,
            },
            None => {
                let Some((mid, rid)) = publisher.stream(ssrc) else { return };
                let found = self
                    .tracks
                    .iter()
                    .find(|(_, track)| track.publisher == from && track.mid == mid)
                    .and_then(|(place, track)| Some((place, track.layer_at(rid)?)));
                publisher.remember_source(ssrc, found);
                match found {
                    Some(found) => found,
                    None => return,
                }
            }
        };
        let Some(track) = self.tracks.get_mut(place) else { return };
        let pt = packet.header.payload_type;
        let Some((params, red)) = track.params(pt, || publisher.incoming_params(pt)) else {
            return;
        };
        let spec = params.spec();
        track.clock_hz = spec.clock_rate.get();
        let view = if packet.payload.is_empty() {
            codec::View::default()
        } else {
            codec::view(spec.codec, &packet.payload)
        };
        let incoming = &mut track.layers[layer];
        if incoming.restarted(ssrc) {
            for forward in track.forwards.iter_mut().filter(|f| f.current == Some(layer)) {
                forward.current = None;
            }
            incoming.want_keyframe();
        }
        let woke = !incoming.live(now);
        let bytes = packet.payload.len();
        incoming.received(*packet.seq_no, packet.header.timestamp, bytes, track.clock_hz, now);
        let described = match packet.header.ext_vals.user_values.get::<Raw>() {
            Some(raw) => match incoming.describe(raw) {
                None => {
                    // The frame that tells what the stream is made of has not come.
                    incoming.want_keyframe();
                    self.ask_for_keyframes(place, now);
                    return;
                }
                described => described,
            },
            None => None,
        };
        incoming.layered(&view, described.as_ref(), bytes);
        if view.keyframe || described.as_ref().is_some_and(|packet| packet.tells_structure) {
            incoming.keyframe_came();
        }
        if packet.header.marker {
            incoming.pictured(match &described {
                Some(packet) => packet.point.temporal,
                None => view.temporal_layer(),
            });
        }
        if woke {
            track.choose(now);
        }
        if !track.started {
            track.started = true;
            let codec = if red { "red".into() } else { spec.codec.to_string() };
            let mime_type = match track.kind {
                Kind::Audio => format!("audio/{}", codec.to_lowercase()),
                Kind::Video => format!("video/{}", codec.to_uppercase()),
            };
            self.events.send(Event::TrackStarted { track: track.id, mime_type });
        }
        if let Some(level) = packet.header.ext_vals.audio_level {
            let voiced = packet.header.ext_vals.voice_activity.unwrap_or(true);
            track.loudness.heard(level.unsigned_abs(), voiced);
        }
        let described = described.as_ref();
        let arrival = Arrival { packet, params, red, view, described, layer, now };
        let mut switched = false;
        for forward in &mut track.forwards {
            let Some(peer) = self.peers.get_mut(forward.to).filter(|peer| peer.up) else {
                continue;
            };
            let before = forward.quality(&track.layers);
            if forward.send(&arrival, track.clock_hz, peer) && !peer.dirty {
                peer.dirty = true;
                self.dirty.push(forward.to);
            }
            switched |= before != forward.quality(&track.layers);
        }
        if let Some(copied) = &mut track.tapped {
            for (rtp_time, payload) in opus_packets(&arrival) {
                if copied.is_new(rtp_time) {
                    self.events.send(Event::Tapped { track: track.id, rtp_time, payload });
                }
            }
        }
        if switched {
            self.tell_forwarding(place);
        }
        if woke {
            self.ask_for_waiting(place, now);
        }
    }

    /// Gives the forwards to a peer their sections, where these are negotiated by now.
    pub(super) fn bind_forwards(&mut self, at: usize, now: Instant) {
        let Some(peer) = self.peers.get_mut(at) else { return };
        let mut bound = Vec::new();
        for (place, track) in self.tracks.iter_mut() {
            let id = track.id;
            let Some(forward) = track.forwards.iter_mut().find(|forward| forward.to == at) else {
                continue;
            };
            if forward.outlet.is_some() {
                continue;
            }
            let Some(mid) = forward.mid.or_else(|| peer.negotiation.section_of(id)) else {
                continue;
            };
            forward.outlet = peer.outlet(mid);
            if forward.outlet.is_some() {
                forward.choose(&track.layers, now);
                peer.forwards.push((mid, id));
                bound.push(place);
            }
        }
        for place in bound {
            self.ask_for_waiting(place, now);
        }
    }

    /// A subscriber asks for a keyframe in a section.
    pub(super) fn keyframe_requested(&mut self, at: usize, mid: Mid, now: Instant) {
        let Some(peer) = self.peers.get(at) else { return };
        let Some((_, id)) = peer.forwards.iter().find(|(section, _)| *section == mid) else {
            return;
        };
        let Some(&place) = self.track_places.get::<TrackId>(id) else { return };
        let Some(track) = self.tracks.get_mut(place) else { return };
        let forward = track.forwards.iter().find(|forward| forward.to == at);
        if let Some(layer) = forward.and_then(|forward| forward.keyframe_layer()) {
            track.layers[layer].want_keyframe();
            self.ask_for_keyframes(place, now);
        }
    }

    /// Asks for a keyframe of everything a peer is to get: it comes (back) with nothing decoded.
    pub(super) fn keyframes_for(&mut self, at: usize, now: Instant) {
        let places: Vec<usize> = self.tracks.iter().map(|(place, _)| place).collect();
        for place in places {
            let Some(track) = self.tracks.get_mut(place) else { continue };
            let layer = track
                .forwards
                .iter()
                .find(|forward| forward.to == at)
                .and_then(|forward| forward.keyframe_layer());
            if let Some(layer) = layer {
                track.layers[layer].want_keyframe();
                self.ask_for_keyframes(place, now);
            }
        }
    }

    /// Notes the wishes of forwards that wait for a keyframe, and asks the publisher.
    pub(super) fn ask_for_waiting(&mut self, place: usize, now: Instant) {
        let Some(track) = self.tracks.get_mut(place) else { return };
        for forward in &track.forwards {
            let up = self.peers.get(forward.to).is_some_and(|peer| peer.up);
            if let Some(layer) = forward.waiting().filter(|_| up) {
                track.layers[layer].want_keyframe();
            }
        }
        self.ask_for_keyframes(place, now);
    }

    /// Asks a track's publisher for the keyframes that are wanted, not too often.
    pub(super) fn ask_for_keyframes(&mut self, place: usize, now: Instant) {
        let Some(track) = self.tracks.get_mut(place) else { return };
        if track.kind == Kind::Audio || track.muted {
            return;
        }
        let Some(publisher) = self.peers.get_mut(track.publisher).filter(|peer| peer.up) else {
            return;
        };
        let mut asked = false;
        for layer in track.layers.iter_mut().filter(|layer| layer.live(now)) {
            if layer.ask_for_keyframe(now) {
                asked |= publisher.ask_for_keyframe(track.mid, layer.rid);
            }
        }
        if asked {
            self.mark(self.tracks.get(place).map_or(0, |track| track.publisher));
        }
    }

    /// Tells the room which layers its subscribers get, where that has changed.
    pub(super) fn tell_forwarding(&mut self, place: usize) {
        let Some(track) = self.tracks.get_mut(place) else { return };
        if track.kind == Kind::Audio {
            return;
        }
        for forward in &mut track.forwards {
            let quality = forward.quality(&track.layers);
            // What is not wanted, or has not come yet, is not kept back by the path.
            let held_back = forward.want.enabled && forward.carried.is_none();
            let silent = quality.is_none() && !held_back;
            if silent || forward.told == Some(quality) {
                continue;
            }
            let Some(peer) = self.peers.get(forward.to) else { continue };
            forward.told = Some(quality);
            self.events.send(Event::Forwarding { track: track.id, to: peer.id, quality });
        }
    }
}
