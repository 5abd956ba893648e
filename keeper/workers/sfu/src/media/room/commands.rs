//! What a room tells its connections to do.

use super::Room;
use crate::media::api::{Command, DataChannel, Event, Kind, Mid, PeerId, Quality, TrackId, Want};
use crate::media::forward::Forward;
use crate::media::host::{Host, Place};
use crate::media::peer::Peer;
use crate::media::track::{Copied, Track};
use bytes::Bytes;
use std::time::Instant;

impl Room {
    /// Carries out a command. Commands about what is not there, or no more, do nothing: rooms and
    /// clients part at any moment.
    pub fn command(&mut self, command: Command, now: Instant, host: &mut Host) {
        match command {
            Command::OpenPeer { peer } => self.open(peer, now, host),
            Command::ClosePeer { peer } => self.close_peer(peer, now, host),
            Command::Offer { peer, offer, sdp } => {
                let settings = host.settings.clone();
                self.negotiate(peer, offer, now, host, |peer| {
                    let answer = peer.answer(&sdp, &settings, now)?;
                    Ok(Some(Event::Answer { peer: peer.id, offer, sdp: answer }))
                });
            }
            Command::MakeOffer { peer, offer, add, channels, ice_restart } => {
                self.negotiate(peer, offer, now, host, |peer| {
                    let (sdp, mids) = peer.negotiation.offer(
                        &mut peer.rtc,
                        offer,
                        &add,
                        &channels,
                        ice_restart,
                    )?;
                    let mids = mids
                        .into_iter()
                        .map(|(track, mid)| (track, Mid(mid.to_string())))
                        .collect();
                    Ok(Some(Event::Offer { peer: peer.id, offer, sdp, mids }))
                });
            }
            Command::Answer { peer, offer, sdp } => {
                self.negotiate(peer, offer, now, host, |peer| {
                    peer.negotiation.accept(&mut peer.rtc, offer, &sdp).map(|()| None)
                });
            }
            Command::Publish { peer, mid, track, kind, layers } => {
                self.publish(peer, &mid, track, kind, &layers);
            }
            Command::Unpublish { track } => self.unpublish(track),
            Command::Mute { track, muted } => {
                if let Some(track) = self.track_mut(track) {
                    track.muted = muted;
                }
            }
            Command::Forward { track, to, mid, want } => {
                self.add_forward(track, to, mid, want, now)
            }
            Command::Want { track, to, want } => self.want(track, to, want, now),
            Command::EndForward { track, to } => self.end_forward(track, to),
            Command::Data { channel, to, payload } => self.send_data(channel, &to, &payload),
            Command::Tap { track, on } => {
                if let Some(track) = self.track_mut(track) {
                    track.tapped = on.then(Copied::default);
                }
            }
            Command::CloseRoom => self.close(host),
        }
        self.flush(now, host);
    }

    fn track_mut(&mut self, track: TrackId) -> Option<&mut Track> {
        self.tracks.get_mut(*self.track_places.get(&track)?)
    }

    fn open(&mut self, id: PeerId, now: Instant, host: &mut Host) {
        if self.peer_places.contains_key(&id) {
            return;
        }
        let peer = Peer::new(id, &host.settings, now);
        let ufrag = peer.ufrag.clone();
        let at = self.peers.insert(peer);
        self.peer_places.insert(id, at);
        host.name(Place { room: self.place, peer: at, id }, &ufrag);
        self.mark(at);
    }

    fn close_peer(&mut self, id: PeerId, now: Instant, host: &mut Host) {
        let Some(&at) = self.peer_places.get(&id) else { return };
        if let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.failed) {
            // The client hears of it at once instead of noticing the silence.
            peer.failed = peer.rtc.close().is_err();
            while let Ok(str0m::Output::Transmit(transmit)) = peer.rtc.poll_output() {
                host.transmits.push(transmit);
            }
        }
        self.forget(at, host);
        self.flush(now, host);
    }

    /// Runs a step of a peer's negotiation and deals with what it changed.
    fn negotiate(
        &mut self,
        id: PeerId,
        offer: u32,
        now: Instant,
        host: &mut Host,
        step: impl FnOnce(&mut Peer) -> Result<Option<Event>, String>,
    ) {
        let Some(&at) = self.peer_places.get(&id) else { return };
        let Some(place) = self.place_of(at) else { return };
        let Some(peer) = self.peers.get_mut(at) else { return };
        let done = match peer.failed {
            true => Err("the connection is over".into()),
            false => step(peer),
        };
        match done {
            Ok(Some(event)) => self.events.send(event),
            Ok(None) => {}
            Err(reason) => self.events.send(Event::Refused { peer: id, offer, reason }),
        }
        if peer.failed {
            return;
        }
        let ufrag = peer.rtc.direct_api().local_ice_credentials().ufrag;
        if ufrag != peer.ufrag {
            let old = std::mem::replace(&mut peer.ufrag, ufrag.clone());
            host.unname(place, &old);
            host.name(place, &ufrag);
        }
        peer.forget_sources();
        self.bind_forwards(at, now);
        self.mark(at);
    }

    fn publish(
        &mut self,
        peer: PeerId,
        mid: &Mid,
        id: TrackId,
        kind: Kind,
        layers: &[(Quality, String)],
    ) {
        let Some(&at) = self.peer_places.get(&peer) else { return };
        if self.track_places.contains_key(&id) {
            return;
        }
        let mid = str0m::media::Mid::from(mid.0.as_str());
        let place = self.tracks.insert(Track::new(id, at, mid, kind, layers));
        self.track_places.insert(id, place);
        if let Some(peer) = self.peers.get_mut(at) {
            peer.forget_sources();
        }
    }

    pub(super) fn unpublish(&mut self, id: TrackId) {
        let Some(place) = self.track_places.remove(&id) else { return };
        let Some(track) = self.tracks.remove(place) else { return };
        if let Some(peer) = self.peers.get_mut(track.publisher) {
            peer.forget_sources();
        }
        for forward in track.forwards {
            self.release(id, forward);
        }
    }

    fn add_forward(&mut self, id: TrackId, to: PeerId, mid: Option<Mid>, want: Want, now: Instant) {
        let Some(&at) = self.peer_places.get(&to) else { return };
        // A forward that is there already moves to the section named now.
        self.end_forward(id, to);
        let Some(track) = self.track_mut(id) else { return };
        let mid = mid.map(|mid| str0m::media::Mid::from(mid.0.as_str()));
        track.forwards.push(Forward::new(at, mid, want));
        self.bind_forwards(at, now);
    }

    fn want(&mut self, id: TrackId, to: PeerId, want: Want, now: Instant) {
        let Some(&at) = self.peer_places.get(&to) else { return };
        let Some(&place) = self.track_places.get(&id) else { return };
        let Some(track) = self.tracks.get_mut(place) else { return };
        if let Some(forward) = track.forwards.iter_mut().find(|forward| forward.to == at) {
            forward.want = want;
            forward.choose(&track.layers, now);
            self.ask_for_waiting(place, now);
            self.tell_forwarding(place);
        }
    }

    fn end_forward(&mut self, id: TrackId, to: PeerId) {
        let Some(&at) = self.peer_places.get(&to) else { return };
        let Some(track) = self.track_mut(id) else { return };
        if let Some(place) = track.forwards.iter().position(|forward| forward.to == at) {
            let forward = track.forwards.swap_remove(place);
            self.release(id, forward);
        }
    }

    /// Frees the section of a forward that has ended.
    fn release(&mut self, track: TrackId, forward: Forward) {
        let Some(peer) = self.peers.get_mut(forward.to) else { return };
        peer.forwards.retain(|(_, forwarded)| *forwarded != track);
        peer.negotiation.end(track);
        if let Some(outlet) = forward.outlet {
            peer.close_outlet(outlet);
        }
    }

    fn send_data(&mut self, channel: DataChannel, to: &[PeerId], payload: &Bytes) {
        for id in to {
            let Some(&at) = self.peer_places.get(id) else { continue };
            let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.failed) else { continue };
            if !peer.channels.send(&mut peer.rtc, channel, payload.clone())
                && channel == DataChannel::Reliable
            {
                tracing::debug!(peer = id.0, "a message was lost: the client reads too slowly");
            }
            self.mark(at);
        }
    }
}
