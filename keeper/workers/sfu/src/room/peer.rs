//! Negotiation state of a participant's peer connections.

use crate::media::api::{PeerId, TrackId};
use crate::sdp::Section;
use std::collections::VecDeque;

/// A connection that the client offers.
#[derive(Debug)]
pub(super) struct Peer {
    pub id: PeerId,
    pub connected: bool,
    /// Sections of the last offer that was answered.
    pub sections: Vec<Section>,
    /// Offers on their way through the media plane, oldest first.
    pub offers: VecDeque<Offered>,
    /// Number of the last offer handed to the media plane.
    pub last_offer: u32,
    /// The client has been asked to offer again, and has not yet.
    pub nudged: bool,
    /// Sections it has been asked to add, and has not yet: audio, video.
    pub asked: [usize; 2],
}

impl Peer {
    pub(super) const fn new(id: PeerId) -> Self {
        Self {
            id,
            connected: false,
            sections: Vec::new(),
            offers: VecDeque::new(),
            last_offer: 0,
            nudged: false,
            asked: [0; 2],
        }
    }
}

/// An offer of a client's.
#[derive(Debug)]
pub(super) struct Offered {
    /// Its number towards the media plane.
    pub ours: u32,
    /// Its number towards the client; 0 if the client does not number them.
    pub theirs: u32,
    pub sections: Vec<Section>,
}

/// A connection that the server offers.
#[derive(Debug)]
pub(super) struct Offering {
    pub id: PeerId,
    pub connected: bool,
    /// Number of the last offer.
    pub last_offer: u32,
    /// The offer that is made or waits for the client's answer.
    pub pending: Option<Made>,
    /// Another offer is due after the pending one, though nothing is to be added.
    pub again: bool,
    /// The next offer restarts ICE.
    pub restart: bool,
    /// Offers in a row that came to nothing.
    pub refused: u32,
}

impl Offering {
    pub(super) const fn new(id: PeerId) -> Self {
        Self {
            id,
            connected: false,
            last_offer: 0,
            pending: None,
            again: true,
            restart: false,
            refused: 0,
        }
    }
}

/// An offer of ours.
#[derive(Debug)]
pub(super) struct Made {
    pub offer: u32,
    /// Tracks whose sections are new in it.
    pub tracks: Vec<TrackId>,
    pub since_ms: u64,
}
