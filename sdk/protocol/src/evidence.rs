//! Signed messages as they travel and as the archive keeps them.
//!
//! An archived object's name is the hash of its message's canonical bytes. Whoever reads one
//! checks the name, the signature (with the means of its platform) and, for a receipt, the root
//! over the records beside it.

use crate::Address;
use crate::batch::{BatchHeader, Leaf};
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

/// A batch as the archive keeps it. Its name is the hash of its header's canonical bytes; the chain
/// holds what the header says, so nobody has to sign it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ArchivedBatch {
    /// Canonical bytes of the [`BatchHeader`].
    pub header: Vec<u8>,
    /// The leaves under its root, in order.
    pub leaves: Vec<Leaf>,
}

impl ArchivedBatch {
    /// A batch as it goes to the archive.
    pub fn new(header: &BatchHeader, leaves: Vec<Leaf>, domain: &Domain) -> Self {
        Self { header: header.signing_bytes(domain), leaves }
    }

    /// Its name: SHA-256 of the header's canonical bytes.
    pub fn hash(&self) -> Hash {
        sha256(&[&self.header])
    }
}
