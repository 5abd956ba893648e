//! The rooms of one media thread: who a datagram is for, and that one room's trouble stays its own.

use super::api::{Command, RoomId};
use super::arena::Arena;
use super::host::{Host, Place, Settings};
use super::queue::Sink;
use super::room::{Room, TICK_EVERY};
use super::stun;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;
use str0m::net::{Protocol, Receive, Transmit};

/// Peers called in a row before datagrams are looked at again.
const CALLS_MAX: usize = 256;

/// What a room's handle says to its thread.
#[derive(Debug)]
pub(super) enum Order {
    /// A new room.
    Open {
        /// Its id.
        room: RoomId,
        /// Where its events go.
        events: Sink,
    },
    /// A command for a room.
    Command {
        /// Which.
        room: RoomId,
        /// What.
        command: Command,
    },
}

/// What a thread holds at the moment. All but `calls` follow rooms and peers at once; a call of a
/// peer that is gone stays until its time has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Load {
    /// Rooms.
    pub rooms: usize,
    /// Peer connections.
    pub peers: usize,
    /// Addresses that lead to them.
    pub addresses: usize,
    /// Names under which their checks come in.
    pub names: usize,
    /// Calls on the clock.
    pub calls: usize,
}

/// The rooms of a thread. Takes time and datagrams, gives datagrams: see [`Self::transmits`].
#[derive(Debug)]
pub(super) struct Shard {
    rooms: Arena<Room>,
    places: HashMap<RoomId, usize>,
    host: Host,
    /// Rooms in which something was forwarded.
    touched: Vec<usize>,
    tick_at: Instant,
}

impl Shard {
    /// A thread without rooms.
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            rooms: Arena::default(),
            places: HashMap::new(),
            host: Host::new(settings, now),
            touched: Vec::new(),
            tick_at: now,
        }
    }

    /// Carries out an order.
    pub fn order(&mut self, order: Order, now: Instant) {
        match order {
            Order::Open { room, events } => {
                if self.places.contains_key(&room) {
                    tracing::warn!(room = room.0, "a room was opened twice");
                    return;
                }
                // The place is known before the room is, since the room holds it.
                let place = self.rooms.insert(Room::new(room, 0, events.clone(), now));
                if let Some(at) = self.rooms.get_mut(place) {
                    *at = Room::new(room, place, events, now);
                }
                self.places.insert(room, place);
            }
            Order::Command { room, command } => {
                let Some(&place) = self.places.get(&room) else { return };
                let last = command == Command::CloseRoom;
                self.in_room(place, |room, host| room.command(command, now, host));
                if last && let Some(place) = self.places.remove(&room) {
                    self.rooms.remove(place);
                }
            }
        }
    }

    /// A datagram. `destination` is the candidate at which it arrived.
    pub fn receive(
        &mut self,
        protocol: Protocol,
        source: SocketAddr,
        destination: SocketAddr,
        datagram: &[u8],
        now: Instant,
    ) {
        // Checks are told by name, everything else by address: so the cost of a datagram that
        // belongs to nobody is a look into a table, and it leaves nothing behind.
        let check = stun::is_stun(datagram);
        let found = match check {
            true => stun::local_ufrag(datagram).and_then(|ufrag| self.host.at_ufrag(ufrag)),
            false => self.host.at_address(protocol, source),
        };
        let Some(Place { room, peer, .. }) = found else { return };
        let Ok(receive) = Receive::new(protocol, source, destination, datagram) else { return };
        self.in_room(room, |room, host| match check {
            true => room.check(peer, receive, now, host),
            false => room.receive(peer, receive, now, host),
        });
        if self.touched.last() != Some(&room) {
            self.touched.push(room);
        }
    }

    /// Does what is due and sends on what datagrams have brought.
    pub fn advance(&mut self, now: Instant) {
        while let Some(room) = self.touched.pop() {
            self.in_room(room, |room, host| room.flush(now, host));
        }
        for _ in 0..CALLS_MAX {
            let Some((at, Place { room, peer, id })) = self.host.due(now) else { break };
            self.in_room(room, |room, host| room.call(peer, id, at, now, host));
            self.touched.push(room);
        }
        while let Some(room) = self.touched.pop() {
            self.in_room(room, |room, host| room.flush(now, host));
        }
        if now >= self.tick_at {
            self.tick_at = now + TICK_EVERY;
            let places: Vec<usize> = self.rooms.iter().map(|(place, _)| place).collect();
            for place in places {
                self.in_room(place, |room, host| room.tick(now, host));
            }
        }
    }

    /// When [`Self::advance`] is to be called at the latest.
    pub fn next_at(&self) -> Instant {
        self.host.next_call().map_or(self.tick_at, |at| at.min(self.tick_at))
    }

    /// What is to be sent; the caller empties it.
    pub fn transmits(&mut self) -> &mut Vec<Transmit> {
        &mut self.host.transmits
    }

    /// What is held.
    pub fn load(&self) -> Load {
        let peers = self.rooms.iter().map(|(_, room)| room.peers()).sum();
        let [addresses, names, calls] = self.host.held();
        Load { rooms: self.rooms.len(), peers, addresses, names, calls }
    }

    /// Runs something in a room. A panic in there, which would be an error of ours or the
    /// library's, ends that room and no other.
    fn in_room(&mut self, place: usize, step: impl FnOnce(&mut Room, &mut Host)) {
        let Some(room) = self.rooms.get_mut(place) else { return };
        let host = &mut self.host;
        if catch_unwind(AssertUnwindSafe(|| step(room, host))).is_ok() {
            return;
        }
        let Some(mut room) = self.rooms.remove(place) else { return };
        tracing::error!(room = room.id.0, "a room failed and was closed");
        self.places.remove(&room.id);
        room.give_up("internal error");
        // What is half done in there may panic once more when it is put away.
        let _ = catch_unwind(AssertUnwindSafe(move || room.close(&mut self.host)));
    }
}

#[cfg(test)]
mod tests {
    use super::super::api::{Event, PeerId};
    use super::super::queue::queue;
    use super::*;
    use std::sync::Arc;

    fn settings() -> Settings {
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = crypto.dtls_provider.generate_certificate().expect("a certificate");
        Settings { certificate, crypto, candidates: Vec::new() }
    }

    #[test]
    fn a_room_that_breaks_takes_no_other_with_it() {
        let now = Instant::now();
        let mut shard = Shard::new(settings(), now);
        let mut all = Vec::new();
        for number in 1..=2 {
            let (sink, events) = queue();
            let room = RoomId(number);
            shard.order(Order::Open { room, events: sink }, now);
            let command = Command::OpenPeer { peer: PeerId(number) };
            shard.order(Order::Command { room, command }, now);
            all.push(events);
        }
        let broken = shard.places[&RoomId(1)];
        shard.in_room(broken, |_, _| panic!("on purpose"));
        let Some(Event::Failed { peer, .. }) = all[0].try_recv() else { panic!("no word of it") };
        assert_eq!(peer, PeerId(1));
        let left = shard.load();
        assert_eq!((left.rooms, left.peers, left.names), (1, 1, 1));

        // What is said to the broken room is lost; the other one answers.
        for number in 1..=2 {
            let (peer, offer, sdp) = (PeerId(number), 1, String::new());
            let command = Command::Offer { peer, offer, sdp };
            shard.order(Order::Command { room: RoomId(number), command }, now);
            shard.advance(now);
        }
        assert_eq!(all[0].try_recv(), None);
        assert!(matches!(all[1].try_recv(), Some(Event::Refused { .. })));
    }

    #[test]
    fn a_closed_room_leaves_nothing() {
        let now = Instant::now();
        let mut shard = Shard::new(settings(), now);
        for number in 1..=50 {
            let (sink, _events) = queue();
            let room = RoomId(number);
            shard.order(Order::Open { room, events: sink }, now);
            for peer in 0..4 {
                let command = Command::OpenPeer { peer: PeerId(number * 10 + peer) };
                shard.order(Order::Command { room, command }, now);
            }
            shard.order(Order::Command { room, command: Command::CloseRoom }, now);
        }
        shard.advance(now + std::time::Duration::from_secs(20));
        assert_eq!(shard.load(), Load::default());
    }
}
