//! A room's connections, tracks and forwards: a machine that is handed commands, datagrams and the
//! time, and answers with events and datagrams.

mod commands;
mod congestion;
mod forwarding;
mod tick;

pub(super) use tick::TICK_EVERY;

use super::api::{Event, PeerId, RoomId, TrackId};
use super::arena::Arena;
use super::host::{Host, Place};
use super::peer::Peer;
use super::queue::Sink;
use super::track::Track;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use str0m::net::{Protocol, Receive};
use str0m::{Event as RtcEvent, IceConnectionState, Input, Output};

/// Calls in a row for which the library has nothing to give although it says they are due. A pause
/// follows, so that no error of the library's can hold the thread.
const IDLE_CALLS_MAX: u32 = 16;
/// After a packet the library's pacer wants to be called in a microsecond, to find out whether there
/// is another one: that is now.
const AT_ONCE: Duration = Duration::from_micros(2);
/// The longest time between two calls. The call of a peer that has left stays on the clock for as
/// long.
const CALL_WITHIN: Duration = Duration::from_secs(10);
/// The longest time from a packet that was sent to the next look at the connection's timers: what the
/// library has for the time after a packet, such as a probe's, it does not tell when it gives one.
const LOOK_WITHIN: Duration = Duration::from_millis(2);

/// A room.
#[derive(Debug)]
pub(super) struct Room {
    /// Its id.
    pub id: RoomId,
    place: usize,
    events: Sink,
    peers: Arena<Peer>,
    peer_places: HashMap<PeerId, usize>,
    tracks: Arena<Track>,
    track_places: HashMap<TrackId, usize>,
    /// Peers that have something to send.
    dirty: Vec<usize>,
    stats_at: Instant,
    levels_at: Instant,
    allocated_at: Instant,
}

impl Room {
    /// An empty room at a place of its thread.
    pub fn new(id: RoomId, place: usize, events: Sink, now: Instant) -> Self {
        Self {
            id,
            place,
            events,
            peers: Arena::default(),
            peer_places: HashMap::new(),
            tracks: Arena::default(),
            track_places: HashMap::new(),
            dirty: Vec::new(),
            stats_at: now,
            levels_at: now,
            allocated_at: now,
        }
    }

    /// How many peers there are.
    pub fn peers(&self) -> usize {
        self.peers.len()
    }

    /// A datagram for a peer. Its address is proven: by an earlier check, or, for a check, by
    /// `accepted` below.
    pub fn receive(&mut self, at: usize, receive: Receive<'_>, now: Instant, host: &mut Host) {
        let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.failed) else { return };
        if let Err(error) = peer.rtc.handle_input(Input::Receive(now, receive)) {
            self.fail(at, &error.to_string(), host);
            return;
        }
        if peer.channels.waits() {
            peer.channels.resume(&mut peer.rtc);
        }
        self.drain(at, now, host);
    }

    /// A check from an address, for a peer that it names. Only one with the right password makes
    /// the address the peer's.
    pub fn check(&mut self, at: usize, receive: Receive<'_>, now: Instant, host: &mut Host) {
        let place = self.place_of(at);
        let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.failed) else { return };
        let (protocol, source): (Protocol, SocketAddr) = (receive.proto, receive.source);
        let input = Input::Receive(now, receive);
        let Input::Receive(_, receive) = (if peer.rtc.accepts(&input) { input } else { return })
        else {
            return;
        };
        if let Some(place) = place {
            host.heard(place, protocol, source, &mut peer.addresses);
        }
        self.receive(at, receive, now, host);
    }

    /// A peer asked to be called at a time that has come. An earlier call may have been asked for
    /// since, which then counts.
    pub fn call(&mut self, at: usize, id: PeerId, asked: Instant, now: Instant, host: &mut Host) {
        let asked = |peer: &&mut Peer| peer.id == id && peer.queued == Some(asked);
        let Some(peer) = self.peers.get_mut(at).filter(asked) else { return };
        peer.queued = None;
        if peer.deadline > now {
            self.schedule(at, now, host);
            return;
        }
        self.advance(at, now, host);
    }

    /// Sends what forwarding has queued. As long as the pacer lets everything through, nothing else
    /// of the connection is looked at: that waits for its next call.
    pub fn flush(&mut self, now: Instant, host: &mut Host) {
        while let Some(at) = self.dirty.pop() {
            let Some(peer) = self.peers.get_mut(at) else { continue };
            peer.dirty = false;
            let waiting = std::mem::take(&mut peer.waiting);
            if waiting == 0 || peer.channels.waits() {
                self.advance(at, now, host);
            } else if self.send(at, waiting, now, host) {
                let is_due = |peer: &Peer| peer.deadline <= now;
                if self.peers.get(at).is_some_and(is_due) {
                    self.advance(at, now, host);
                } else {
                    self.look_later(at, now, host);
                }
            } else {
                self.drain(at, now, host);
            }
        }
    }

    /// Ends all connections.
    pub fn close(&mut self, host: &mut Host) {
        let places: Vec<usize> = self.peers.iter().map(|(at, _)| at).collect();
        for at in places {
            self.forget(at, host);
        }
    }

    /// Tells the room side that something here broke, for every connection.
    pub fn give_up(&self, reason: &str) {
        for (_, peer) in self.peers.iter().filter(|(_, peer)| !peer.failed) {
            self.events.send(Event::Failed { peer: peer.id, reason: reason.into() });
        }
    }

    fn place_of(&self, at: usize) -> Option<Place> {
        self.peers.get(at).map(|peer| Place { room: self.place, peer: at, id: peer.id })
    }

    fn mark(&mut self, at: usize) {
        if let Some(peer) = self.peers.get_mut(at)
            && !peer.dirty
        {
            peer.dirty = true;
            self.dirty.push(at);
        }
    }

    /// Moves a connection's time on and takes what it has to say.
    fn advance(&mut self, at: usize, now: Instant, host: &mut Host) {
        let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.failed) else { return };
        if peer.channels.waits() {
            peer.channels.resume(&mut peer.rtc);
        }
        peer.waiting = 0;
        if let Err(error) = peer.rtc.handle_input(Input::Timeout(now)) {
            self.fail(at, &error.to_string(), host);
            return;
        }
        self.drain(at, now, host);
    }

    /// Takes packets that were queued out of a connection. Returns whether all came; the pacer may
    /// hold some back.
    fn send(&mut self, at: usize, packets: u32, now: Instant, host: &mut Host) -> bool {
        for sent in 0..packets {
            let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.failed) else {
                return true;
            };
            // The pacer gives one packet a call; without it, one call is good for all.
            if (peer.paced || sent == 0)
                && let Err(error) = peer.rtc.handle_input(Input::Timeout(now))
            {
                self.fail(at, &error.to_string(), host);
                return true;
            }
            loop {
                let Some(peer) = self.peers.get_mut(at) else { return true };
                match peer.rtc.poll_output() {
                    Ok(Output::Transmit(transmit)) => {
                        let media = is_media(&transmit.contents);
                        host.transmits.push(transmit);
                        if media {
                            break;
                        }
                    }
                    Ok(Output::Event(event)) => self.on_event(at, event, now, host),
                    Ok(Output::Timeout(_)) => return false,
                    Err(error) => {
                        self.fail(at, &error.to_string(), host);
                        return true;
                    }
                }
            }
        }
        true
    }

    /// Has a connection's next look at its timers at the time it asked for last, but soon.
    fn look_later(&mut self, at: usize, now: Instant, host: &mut Host) {
        let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.failed) else { return };
        peer.deadline = peer.deadline.min(now + LOOK_WITHIN);
        self.schedule(at, now, host);
    }

    fn drain(&mut self, at: usize, now: Instant, host: &mut Host) {
        let mut idle_calls = 0;
        loop {
            let Some(peer) = self.peers.get_mut(at) else { return };
            match peer.rtc.poll_output() {
                Ok(Output::Transmit(transmit)) => {
                    idle_calls = 0;
                    host.transmits.push(transmit);
                }
                Ok(Output::Event(event)) => {
                    idle_calls = 0;
                    self.on_event(at, event, now, host);
                }
                Ok(Output::Timeout(due)) if due <= now + AT_ONCE && idle_calls < IDLE_CALLS_MAX => {
                    if !peer.rtc.is_alive() {
                        self.fail(at, "closed", host);
                        return;
                    }
                    idle_calls += 1;
                    if let Err(error) = peer.rtc.handle_input(Input::Timeout(now)) {
                        self.fail(at, &error.to_string(), host);
                        return;
                    }
                }
                Ok(Output::Timeout(due)) => {
                    if !peer.rtc.is_alive() {
                        self.fail(at, "closed", host);
                        return;
                    }
                    peer.deadline = due.max(now + AT_ONCE).min(now + CALL_WITHIN);
                    self.schedule(at, now, host);
                    return;
                }
                Err(error) => {
                    self.fail(at, &error.to_string(), host);
                    return;
                }
            }
        }
    }

    fn schedule(&mut self, at: usize, now: Instant, host: &mut Host) {
        let Some(place) = self.place_of(at) else { return };
        let Some(peer) = self.peers.get_mut(at) else { return };
        let call_at = host.slot(peer.deadline, now);
        if peer.queued.is_none_or(|queued| call_at < queued) {
            peer.queued = Some(call_at);
            host.call_at(call_at, place);
        }
    }

    fn on_event(&mut self, at: usize, event: RtcEvent, now: Instant, host: &mut Host) {
        let Some(peer) = self.peers.get_mut(at) else { return };
        let id = peer.id;
        match event {
            RtcEvent::RtpPacket(packet) => self.forward(at, &packet, now),
            RtcEvent::KeyframeRequest(request) => self.keyframe_requested(at, request.mid, now),
            RtcEvent::Connected => {
                peer.secure = true;
                peer.up = true;
                self.events.send(Event::Connected { peer: id });
                self.keyframes_for(at, now);
            }
            RtcEvent::IceConnectionStateChange(state) => {
                let up =
                    matches!(state, IceConnectionState::Connected | IceConnectionState::Completed);
                if peer.secure && peer.up != up {
                    peer.up = up;
                    self.events.send(match up {
                        true => Event::Connected { peer: id },
                        false => Event::Disconnected { peer: id },
                    });
                    if up {
                        self.keyframes_for(at, now);
                    }
                }
            }
            RtcEvent::Closed => self.fail(at, "closed by the client", host),
            RtcEvent::ChannelOpen(channel, label) => {
                if let Some(channel) = peer.channels.opened(channel, &label) {
                    self.events.send(Event::ChannelOpen { peer: id, channel });
                    peer.channels.resume(&mut peer.rtc);
                }
            }
            RtcEvent::ChannelClose(channel) => peer.channels.closed(channel),
            RtcEvent::ChannelBufferedAmountLow(_) => peer.channels.resume(&mut peer.rtc),
            RtcEvent::ChannelData(data) => {
                if let Some(channel) = peer.channels.of(data.id) {
                    peer.channels.in_bytes += data.data.len() as u64;
                    let payload = data.data.into();
                    self.events.send(Event::Data { peer: id, channel, payload });
                }
            }
            RtcEvent::PeerStats(stats) => peer.measured(&stats),
            RtcEvent::EgressBitrateEstimate(estimate) => self.estimated(at, &estimate, now),
            _ => {}
        }
    }

    /// A connection is over. Its tracks and forwards stay until the room closes it, but nothing
    /// goes in or out any more.
    fn fail(&mut self, at: usize, reason: &str, host: &mut Host) {
        let Some(place) = self.place_of(at) else { return };
        let Some(peer) = self.peers.get_mut(at) else { return };
        if peer.failed {
            return;
        }
        peer.failed = true;
        peer.up = false;
        for address in std::mem::take(&mut peer.addresses) {
            host.forget_address(place, address);
        }
        host.unname(place, &peer.ufrag);
        self.events.send(Event::Failed { peer: peer.id, reason: reason.into() });
    }

    /// Removes a connection with everything published or forwarded on it.
    fn forget(&mut self, at: usize, host: &mut Host) {
        let Some(place) = self.place_of(at) else { return };
        let published: Vec<TrackId> = self
            .tracks
            .iter()
            .filter(|(_, track)| track.publisher == at)
            .map(|(_, track)| track.id)
            .collect();
        for track in published {
            self.unpublish(track);
        }
        for (_, track) in self.tracks.iter_mut() {
            track.forwards.retain(|forward| forward.to != at);
        }
        let Some(peer) = self.peers.remove(at) else { return };
        self.peer_places.remove(&peer.id);
        self.dirty.retain(|dirty| *dirty != at);
        for address in peer.addresses {
            host.forget_address(place, address);
        }
        host.unname(place, &peer.ufrag);
    }
}

/// Whether a datagram is a packet of media: RTP, but neither RTCP (RFC 5761, 4) nor anything of
/// ICE's and DTLS's (RFC 7983).
fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, second, ..] if !(64..96).contains(&(second & 0x7f)))
}
