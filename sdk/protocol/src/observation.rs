//! Observations: what an observer saw of one node in one epoch.
//!
//! An observer commits to all its leaves of an epoch with one root and shows them only when every
//! root is posted. A leaf names its observer, so that nobody can post another's root and show the
//! other's leaves as its own; and it commits to the samples its figures come from
//! ([`crate::sample`]), so that whoever has those can prove that it lies.

use crate::Address;
use crate::domain::{Message, MessageKind};
use crate::hash::Hash;
use crate::merkle;
use crate::sample::SAMPLES_MAX;
#[cfg(doc)]
use crate::sample::Sample;
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// One whole in parts per million.
pub const PPM: u32 = 1_000_000;
/// A figure that was not measured.
pub const NOT_MEASURED: u32 = u32::MAX;

/// What the probes of one epoch add up to: [`crate::sample::figures`] of its samples.
///
/// A probe is good when all that it sent came to something ([`Sample::is_good`]). The other figures
/// are of good probes alone; each but `samples` and `availability_ppm` may be [`NOT_MEASURED`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Figures {
    /// Probes made; at most [`SAMPLES_MAX`].
    pub samples: u32,
    /// Good probes, in parts per million of those made.
    pub availability_ppm: u32,
    /// 95th percentile over the probes of the round-trip time of echoed media packets, in µs.
    pub rtt_p95_us: u32,
    /// 95th percentile over the probes of their interarrival jitter (RFC 3550, section 6.4.1), in
    /// µs.
    pub jitter_p95_us: u32,
    /// Packets that did not come back, in parts per million of those sent.
    pub loss_ppm: u32,
    /// 95th percentile over the probes of the time from the first packet of a connection to its
    /// first media packet, in µs.
    pub setup_p95_us: u32,
    /// Words substituted, left out or added in transcripts of known text, in parts per million of
    /// the words spoken. More than a million is possible.
    pub wer_ppm: u32,
}

impl Figures {
    /// Whether no probes could give these figures.
    pub const fn is_invalid(&self) -> bool {
        self.samples == 0
            || self.samples > SAMPLES_MAX as u32
            || self.availability_ppm > PPM
            || (self.loss_ppm > PPM && self.loss_ppm != NOT_MEASURED)
    }
}

/// One observer's figures of one node. The leaves of an epoch form the observer's root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Leaf {
    /// Registry account of the observer.
    pub observer: Address,
    /// The epoch, by the Unix time at which it begins ([`crate::reputation::Epoch`]).
    pub epoch: u64,
    /// Registry account of the node.
    pub node: Address,
    /// What was seen.
    pub figures: Figures,
    /// Root over the samples that the figures come from ([`crate::sample::root`]).
    pub samples_root: Hash,
}

/// Length of a leaf's Borsh bytes.
pub const LEAF_LEN: usize = 32 + 8 + 32 + 7 * 4 + 32;

impl Leaf {
    /// The leaf's hash in the observer's tree.
    pub fn hash(&self) -> Hash {
        let mut bytes = Vec::with_capacity(LEAF_LEN);
        // Writing numbers to a Vec does not fail.
        if self.serialize(&mut bytes).is_err() {
            unreachable!("a leaf has a fixed length");
        }
        merkle::leaf(&bytes)
    }
}

/// An observer's word for its root of an epoch, signed by its key and published with its samples.
///
/// Whoever fetches samples learns with it what they are samples for. Two statements of one observer
/// for one epoch with different roots or counts, one of them posted on chain, are fraud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct RootStatement {
    /// Registry account of the observer.
    pub observer: Address,
    /// The epoch, by the Unix time at which it begins.
    pub epoch: u64,
    /// Root over its leaves.
    pub root: Hash,
    /// Leaves under it.
    pub leaves_count: u32,
}

impl Message for RootStatement {
    const KIND: MessageKind = MessageKind::RootStatement;
}

/// Length of a root statement's canonical bytes, the same for all.
pub const ROOT_STATEMENT_LEN: usize = crate::domain::PREFIX_LEN + 32 + 8 + 32 + 4;

/// The root over an epoch's leaves, in the order given.
pub fn root(leaves: &[Leaf]) -> Hash {
    let hashes: Vec<Hash> = leaves.iter().map(Leaf::hash).collect();
    merkle::root(&hashes)
}
