//! What happens to a room.

use super::{Call, ConnectionId, Seat};
use crate::access::Admission;
use crate::media::api::Event;
use crate::outside::Order;
use livekit_protocol as proto;

/// Something that happened.
#[derive(Debug)]
pub enum Input {
    /// Somebody with a good token comes in.
    Join(Box<Join>),
    /// Somebody who has lost the signalling connection is back.
    Resume(Box<Resume>),
    /// A participant's request.
    Request {
        /// On which connection.
        connection: ConnectionId,
        /// What.
        request: Box<proto::signal_request::Message>,
    },
    /// A connection is gone, whoever closed it.
    Lost {
        /// Which.
        connection: ConnectionId,
    },
    /// From the media plane.
    Media(Event),
    /// From the node role.
    Order(Order),
    /// From the room service.
    Call {
        /// What.
        call: Call,
        /// Number of the answer.
        reply: u64,
    },
    /// The worker stops: everybody is told, and the room ends.
    Shutdown,
    /// Time passes. A few times a second.
    Tick,
}

/// How many peer connections a client uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// One for both directions; the client offers (`/rtc/v1`).
    Single,
    /// One that the client offers for what it sends, and one that the server offers for what it
    /// receives (`/rtc`).
    Dual,
}

/// Somebody who comes in.
#[derive(Debug)]
pub struct Join {
    /// The signalling connection.
    pub connection: ConnectionId,
    /// What the token says.
    pub admission: Admission,
    /// Keeps a place among all that the worker and the payer may have.
    pub seat: Seat,
    /// Kind of client.
    pub transport: Transport,
    /// Subscribes to everything unless told otherwise.
    pub auto_subscribe: bool,
    /// The client's software.
    pub client: proto::ClientInfo,
    /// Replaces the token's metadata if not empty.
    pub metadata: String,
    /// Added to the token's attributes.
    pub attributes: Vec<(String, String)>,
    /// Tracks announced in advance.
    pub add_tracks: Vec<proto::AddTrackRequest>,
    /// The first offer, in advance.
    pub offer: Option<proto::SessionDescription>,
}

/// Somebody who is back.
#[derive(Debug)]
pub struct Resume {
    /// The new signalling connection.
    pub connection: ConnectionId,
    /// By the token.
    pub identity: String,
    /// Of the participant as the client remembers it; empty if it does not say.
    pub sid: String,
    /// What the client knows.
    pub sync: Option<proto::SyncState>,
}
