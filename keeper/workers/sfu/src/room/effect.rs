//! What a room wants done.

use super::ConnectionId;
use super::admin::{CallError, Reply};
use crate::media::api::Command;
use crate::outside::Notice;
use bytes::Bytes;
use livekit_protocol::signal_response::Message;

/// Something to be done, in order.
#[derive(Debug)]
pub enum Effect {
    /// A message to these connections.
    Send {
        /// To whom; not empty.
        to: Vec<ConnectionId>,
        /// What.
        message: Box<Message>,
    },
    /// Close the connection once what was sent before has gone out.
    Close {
        /// Which.
        connection: ConnectionId,
    },
    /// To the media plane.
    Media(Command),
    /// To the outside.
    Notify(Notice),
    /// A packet of a tap: to be decoded, and then told to the outside.
    Tapped {
        /// Which.
        tap: u64,
        /// RTP time, 48 kHz, extended.
        rtp_time: u64,
        /// One Opus packet.
        payload: Bytes,
    },
    /// The answer to an [`super::Input::Call`].
    Reply {
        /// Its number.
        reply: u64,
        /// How it went.
        outcome: Result<Reply, CallError>,
    },
    /// The room is over. Nothing follows.
    Ended,
}
