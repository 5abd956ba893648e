//! Minute batches: what a settler posts once a minute for all sessions, and how its minutes hang
//! together.

use crate::Address;
use crate::domain::{Domain, Message, MessageKind};
use crate::hash::{Hash, sha256};
use crate::merkle;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// One session in a batch: what it owes in all, by the voucher that says so.
///
/// A leaf is hashed, not signed, and holds no domain: the root it leads to stands in a book of one
/// network, and the session it names exists on that network alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Leaf {
    /// The registry's app account.
    pub app: Address,
    /// The registry's node account.
    pub node: Address,
    /// Session account.
    pub session: Address,
    /// What the session owes in all: its voucher's amount, to the unit.
    pub cumulative_micro_usdc: u64,
    /// [`evidence`] of the voucher.
    pub evidence: Hash,
}

/// Length of a leaf's bytes, the same for all.
pub const LEAF_LEN: usize = 4 * 32 + 8;

/// What a leaf says about the documents behind it: SHA-256 of the hashes of receipt and voucher.
/// One voucher fits it and no other.
pub fn evidence(receipt_hash: &Hash, voucher_hash: &Hash) -> Hash {
    sha256(&[receipt_hash, voucher_hash])
}

impl Leaf {
    /// The leaf's hash in the batch's tree: [`merkle::leaf`] of its Borsh bytes.
    pub fn hash(&self) -> Hash {
        let amount = self.cumulative_micro_usdc.to_le_bytes();
        // The parts one by one: a program that hashes many leaves need not put them together.
        sha256(&[&[0], &self.app, &self.node, &self.session, &amount, &self.evidence])
    }

    /// What the leaves of a batch are sorted by; no two are the same.
    pub fn key(&self) -> (&Address, &Address, &Address) {
        (&self.app, &self.node, &self.session)
    }
}

/// Whether leaves are in order and each session occurs once: a settler before it posts, and who
/// reads a batch from an archive.
pub fn is_sorted(leaves: &[Leaf]) -> bool {
    leaves.windows(2).all(|pair| pair[0].key() < pair[1].key())
}

/// The root over a batch's leaves, in their order.
pub fn root(leaves: &[Leaf]) -> Hash {
    let hashes: Vec<Hash> = leaves.iter().map(Leaf::hash).collect();
    merkle::root(&hashes)
}

/// A batch as it is posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct BatchHeader {
    /// The registry's keeper account of the settler.
    pub settler: Address,
    /// The minute it stands for ([`crate::minute_index`]).
    pub minute_index: u64,
    /// Root over its leaves.
    pub root: Hash,
    /// Number of its leaves; a root does not commit to it, so the header does.
    pub count: u32,
    /// The most that its leaves may be paid in all.
    pub total_micro_usdc: u64,
}

impl Message for BatchHeader {
    const KIND: MessageKind = MessageKind::Batch;
}

/// What the first batch of a book has for the hash of the one before.
pub const CHAIN_START: Hash = [0; 32];

impl BatchHeader {
    /// The settler's chain up to this batch: SHA-256 of the chain before it and the header's
    /// canonical bytes. Whoever knows the last one knows that no batch was left out or changed.
    pub fn chain(&self, previous: &Hash, domain: &Domain) -> Hash {
        sha256(&[
            previous,
            &domain.prefix(MessageKind::Batch),
            &self.settler,
            &self.minute_index.to_le_bytes(),
            &self.root,
            &self.count.to_le_bytes(),
            &self.total_micro_usdc.to_le_bytes(),
        ])
    }
}
