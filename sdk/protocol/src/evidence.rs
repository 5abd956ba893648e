//! Signed messages as they travel and as the archive keeps them.
//!
//! An archived object's name is the hash of its message's canonical bytes. Whoever reads one
//! checks the name, the signature (with the means of its platform) and, for a receipt, the root
//! over the records beside it.

use crate::Address;
use crate::domain::{DecodeError, Domain, Message};
use crate::ed25519::SIGNATURE_LEN;
use crate::hash::{Hash, sha256};
use crate::record::Record;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Canonical bytes with a signature over them.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Signed {
    /// What was signed: prefix and message.
    pub bytes: Vec<u8>,
    /// Who signed.
    pub public_key: Address,
    /// The ed25519 signature over `bytes`.
    pub signature: [u8; SIGNATURE_LEN],
}

impl Signed {
    /// Name of the message: SHA-256 of its canonical bytes.
    pub fn hash(&self) -> Hash {
        sha256(&[&self.bytes])
    }

    /// Reads the message; says nothing about the signature.
    pub fn message<M: Message>(&self, domain: &Domain) -> Result<M, DecodeError> {
        M::from_signing_bytes(&self.bytes, domain)
    }
}

/// A minute as the archive keeps it: the signed receipt and the AI records its root covers.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ArchivedReceipt {
    /// The receipt, signed by the node key.
    pub signed: Signed,
    /// The minute's records in order.
    pub records: Vec<Record>,
}
