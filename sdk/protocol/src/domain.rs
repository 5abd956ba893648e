//! Domain separation: the prefix that makes a signature fit one network and one kind of message.
//!
//! Signed bytes are `"heliograph" ‖ version ‖ kind ‖ domain id ‖ Borsh(message)`; the first four
//! parts are [`PREFIX_LEN`] bytes. The domain id is the cluster's genesis hash on public clusters
//! and a configured value elsewhere; the network account on chain holds it.

use crate::hash::{Hash, sha256};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// First bytes of everything signed for this network.
pub const PROTOCOL: [u8; 10] = *b"heliograph";
/// Version of the canonical bytes. Any change to a message's layout raises it.
pub const VERSION: u8 = 1;
/// Length of the prefix before a message's Borsh bytes.
pub const PREFIX_LEN: usize = PROTOCOL.len() + 2 + 32;

/// What a signed byte string is. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum MessageKind {
    /// A node's statement of one served minute ([`crate::receipt::Receipt`]).
    Receipt = 1,
    /// An app's promise to pay up to an amount ([`crate::voucher::Voucher`]).
    Voucher = 2,
    /// An app's request to open a stream at a node ([`crate::stream::StreamOpen`]).
    StreamOpen = 3,
    /// The header of a settler's minute batch ([`crate::batch::BatchHeader`]): hashed into the
    /// settler's chain, signed by nobody but the transaction that posts it.
    Batch = 4,
    /// An observer's root over what it saw in one epoch
    /// ([`crate::observation::RootStatement`]).
    RootStatement = 5,
}

/// The network a signature belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain(pub [u8; 32]);

impl Domain {
    /// The prefix of every message of `kind` on this network.
    pub fn prefix(&self, kind: MessageKind) -> [u8; PREFIX_LEN] {
        let mut prefix = [0; PREFIX_LEN];
        let (protocol, rest) = prefix.split_at_mut(PROTOCOL.len());
        protocol.copy_from_slice(&PROTOCOL);
        rest[0] = VERSION;
        rest[1] = kind as u8;
        rest[2..].copy_from_slice(&self.0);
        prefix
    }
}

/// Why bytes are not a message of the expected kind on this network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeError {
    /// Shorter than the prefix, or not starting with this protocol's name.
    NotOurs,
    /// Another version of the canonical bytes.
    Version(u8),
    /// Another kind of message.
    Kind(u8),
    /// Signed for another cluster or network.
    Domain,
    /// The Borsh part does not decode, or bytes are left over.
    Body,
}

impl core::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::NotOurs => write!(f, "not a heliograph message"),
            Self::Version(found) => write!(f, "message version {found}, expected {VERSION}"),
            Self::Kind(found) => write!(f, "message of another kind ({found})"),
            Self::Domain => write!(f, "message signed for another network"),
            Self::Body => write!(f, "message body does not decode"),
        }
    }
}

impl core::error::Error for DecodeError {}

/// A message with canonical bytes to sign.
pub trait Message: BorshSerialize + BorshDeserialize {
    /// The kind in the prefix.
    const KIND: MessageKind;

    /// The canonical bytes: what is signed, hashed and archived.
    fn signing_bytes(&self, domain: &Domain) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(PREFIX_LEN + 256);
        bytes.extend_from_slice(&domain.prefix(Self::KIND));
        // Writing to a Vec fails only for collections longer than u32::MAX, which no message holds.
        if self.serialize(&mut bytes).is_err() {
            unreachable!("messages are shorter than u32::MAX");
        }
        bytes
    }

    /// Reads canonical bytes back; bytes of any other network, version or kind are refused.
    fn from_signing_bytes(bytes: &[u8], domain: &Domain) -> Result<Self, DecodeError> {
        let (prefix, body) = bytes.split_at_checked(PREFIX_LEN).ok_or(DecodeError::NotOurs)?;
        let (protocol, rest) = prefix.split_at(PROTOCOL.len());
        if protocol != PROTOCOL {
            return Err(DecodeError::NotOurs);
        }
        if rest[0] != VERSION {
            return Err(DecodeError::Version(rest[0]));
        }
        if rest[1] != Self::KIND as u8 {
            return Err(DecodeError::Kind(rest[1]));
        }
        if rest[2..] != domain.0 {
            return Err(DecodeError::Domain);
        }
        Self::try_from_slice(body).map_err(|_| DecodeError::Body)
    }

    /// SHA-256 of the canonical bytes: the name of the message everywhere.
    fn message_hash(&self, domain: &Domain) -> Hash {
        sha256(&[&self.signing_bytes(domain)])
    }
}
