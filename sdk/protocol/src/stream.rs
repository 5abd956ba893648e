//! Opening a stream at a node: who asks, for which session.

use crate::Address;
use crate::domain::{Message, MessageKind};
use borsh::{BorshDeserialize, BorshSerialize};

/// How far a request's time may lie from the node's clock, in ms. Within it a node remembers the
/// requests it has accepted and refuses them a second time.
pub const STREAM_OPEN_WINDOW_MS: u64 = 60_000;

/// An app's request to stream. The session's voucher signer signs its canonical bytes, so that a
/// stranger who knows the session's address cannot use it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StreamOpen {
    /// Session account.
    pub session: Address,
    /// Key of the node asked, so that another node cannot pass the request on.
    pub node_key: Address,
    /// Unix time in ms of the request.
    pub issued_at_unix_ms: u64,
    /// Random bytes: two requests in one millisecond differ.
    pub nonce: [u8; 16],
}

impl Message for StreamOpen {
    const KIND: MessageKind = MessageKind::StreamOpen;
}
