//! Names of things in a room.

use crate::media::api::{PeerId, RoomId, TrackId};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A signalling connection, never used twice in a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// A participant's stay in a room: who leaves and comes again gets another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ParticipantId(pub u64);

/// Letters of LiveKit's ids after the prefix.
const SID_LETTERS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
/// How many of them.
const SID_LEN: usize = 12;

/// Where a room's ids come from.
#[derive(Debug)]
pub(super) struct Ids {
    /// Peers and tracks are numbered per process: a room's own share of the numbers.
    base: u64,
    next: u64,
    random: StdRng,
}

impl Ids {
    pub(super) fn new(room: RoomId, seed: u64) -> Self {
        // Rooms are counted from 1, so 2^32 rooms of 2^32 things each stay apart.
        Self { base: room.0 << 32, next: 0, random: StdRng::seed_from_u64(seed) }
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.base | self.next
    }

    pub(super) fn participant(&mut self) -> ParticipantId {
        ParticipantId(self.number())
    }

    pub(super) fn peer(&mut self) -> PeerId {
        PeerId(self.number())
    }

    pub(super) fn track(&mut self) -> TrackId {
        TrackId(self.number())
    }

    pub(super) fn tap(&mut self) -> u64 {
        self.number()
    }

    /// `PREFIX` and twelve letters.
    pub(super) fn sid(&mut self, prefix: &str) -> String {
        let mut sid = String::with_capacity(prefix.len() + SID_LEN);
        sid.push_str(prefix);
        for _ in 0..SID_LEN {
            sid.push(char::from(SID_LETTERS[self.random.random_range(0..SID_LETTERS.len())]));
        }
        sid
    }
}
