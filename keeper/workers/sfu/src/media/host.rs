//! What the rooms of one media thread share: addresses, the clock, and what is to be sent.

use super::api::PeerId;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use str0m::Candidate;
use str0m::config::{CryptoProvider, DtlsCert};
use str0m::net::{Protocol, Transmit};

/// Addresses that lead to one peer; a client has a few interfaces and a TCP connection or two.
const ADDRESSES_MAX: usize = 16;

/// Calls are made at multiples of this, so that the thread wakes once for many peers and what they
/// send goes out together.
const SLOT: Duration = Duration::from_millis(5);
/// The same for calls that come sooner than that: packets wait for those.
const FINE_SLOT: Duration = Duration::from_millis(1);

/// What all connections are made of.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// The process's certificate: making one per connection would cost more than the handshake.
    pub certificate: DtlsCert,
    /// Cryptography.
    pub crypto: Arc<CryptoProvider>,
    /// What is advertised.
    pub candidates: Vec<Candidate>,
}

/// A peer's place. Places are taken again, ids are not: a stale place is told by its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// The room's place on its thread.
    pub room: usize,
    /// The peer's place in its room.
    pub peer: usize,
    /// Its id.
    pub id: PeerId,
}

/// Shared by the rooms of a thread.
#[derive(Debug)]
pub(super) struct Host {
    /// What all connections are made of.
    pub settings: Settings,
    /// Datagrams to be sent.
    pub transmits: Vec<Transmit>,
    by_address: HashMap<(Protocol, SocketAddr), Place>,
    by_ufrag: HashMap<String, Place>,
    calls: BinaryHeap<Reverse<(Instant, Place)>>,
    /// From here on slots are counted.
    begun: Instant,
}

impl Host {
    /// A thread without rooms.
    pub fn new(settings: Settings, now: Instant) -> Self {
        Self {
            settings,
            transmits: Vec::new(),
            by_address: HashMap::new(),
            by_ufrag: HashMap::new(),
            calls: BinaryHeap::new(),
            begun: now,
        }
    }

    /// Who sends from an address.
    pub fn at_address(&self, protocol: Protocol, source: SocketAddr) -> Option<Place> {
        self.by_address.get(&(protocol, source)).copied()
    }

    /// Whose ICE checks carry a name.
    pub fn at_ufrag(&self, ufrag: &str) -> Option<Place> {
        self.by_ufrag.get(ufrag).copied()
    }

    /// A peer was heard from an address, and proved that it is itself. `known` are its addresses so
    /// far, latest last; the oldest goes when there are too many.
    pub fn heard(
        &mut self,
        place: Place,
        protocol: Protocol,
        source: SocketAddr,
        known: &mut Vec<(Protocol, SocketAddr)>,
    ) {
        let address = (protocol, source);
        if self.by_address.insert(address, place) == Some(place) && known.contains(&address) {
            return;
        }
        known.retain(|other| *other != address);
        if known.len() == ADDRESSES_MAX {
            let oldest = known.remove(0);
            self.forget_address(place, oldest);
        }
        known.push(address);
    }

    /// Checks that carry a name are a peer's.
    pub fn name(&mut self, place: Place, ufrag: &str) {
        self.by_ufrag.insert(ufrag.to_owned(), place);
    }

    /// A name is no longer a peer's.
    pub fn unname(&mut self, place: Place, ufrag: &str) {
        if self.by_ufrag.get(ufrag) == Some(&place) {
            self.by_ufrag.remove(ufrag);
        }
    }

    /// An address is no longer a peer's.
    pub fn forget_address(&mut self, place: Place, address: (Protocol, SocketAddr)) {
        if self.by_address.get(&address) == Some(&place) {
            self.by_address.remove(&address);
        }
    }

    /// The slot of a call: at that time, or a little later.
    pub fn slot(&self, at: Instant, now: Instant) -> Instant {
        let soon = at.saturating_duration_since(now) < SLOT;
        let slot_nanos = if soon { FINE_SLOT } else { SLOT }.as_nanos() as u64;
        let nanos = at.saturating_duration_since(self.begun).as_nanos() as u64;
        self.begun + Duration::from_nanos(nanos.next_multiple_of(slot_nanos))
    }

    /// Calls a peer at a time.
    pub fn call_at(&mut self, at: Instant, place: Place) {
        self.calls.push(Reverse((at, place)));
    }

    /// The next peer whose time has come, and the time it had asked for.
    pub fn due(&mut self, now: Instant) -> Option<(Instant, Place)> {
        let Reverse((at, _)) = self.calls.peek()?;
        if *at > now {
            return None;
        }
        self.calls.pop().map(|Reverse(call)| call)
    }

    /// When the next call is.
    pub fn next_call(&self) -> Option<Instant> {
        self.calls.peek().map(|Reverse((at, _))| *at)
    }

    /// Addresses, names and calls that are held.
    pub fn held(&self) -> [usize; 3] {
        [self.by_address.len(), self.by_ufrag.len(), self.calls.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_share_slots() {
        let begun = Instant::now();
        let crypto = Arc::new(str0m::crypto::from_feature_flags());
        let certificate = crypto.dtls_provider.generate_certificate().expect("a certificate");
        let host = Host::new(Settings { certificate, crypto, candidates: Vec::new() }, begun);
        let slot = |at_micros, now_micros| {
            let [at, now] = [at_micros, now_micros].map(|us| begun + Duration::from_micros(us));
            host.slot(at, now).duration_since(begun).as_micros()
        };
        assert_eq!([slot(7_001, 2_000), slot(9_999, 2_000), slot(10_000, 2_000)], [10_000; 3]);
        assert_eq!([slot(2_100, 2_000), slot(3_000, 2_000)], [3_000; 2], "soon");
        assert_eq!(slot(0, 2_000), 0, "what is past stays so");
    }
}
