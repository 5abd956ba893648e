//! Merkle trees as in RFC 6962, section 2.1, with SHA-256.
//!
//! A leaf is hashed behind `0x00` and an inner node behind `0x01`, so neither passes for the
//! other; the left subtree holds the largest power of two below the count.

use crate::hash::{Hash, sha256};
use alloc::vec::Vec;

/// Hash of a leaf's bytes.
pub fn leaf(bytes: &[u8]) -> Hash {
    sha256(&[&[0], bytes])
}

/// Hash of an inner node.
pub fn node(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[1], left, right])
}

/// Root over leaf hashes; SHA-256 of nothing for an empty list.
pub fn root(leaves: &[Hash]) -> Hash {
    if leaves.is_empty() {
        return sha256(&[]);
    }
    // Pairing level by level and carrying an odd last node up unchanged gives RFC 6962's tree.
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        level = level.chunks(2).map(join).collect();
    }
    level[0]
}

/// The hashes that lead from leaf `index` to the root; `None` if there is no such leaf.
pub fn proof(leaves: &[Hash], mut index: usize) -> Option<Vec<Hash>> {
    if index >= leaves.len() {
        return None;
    }
    let mut path = Vec::new();
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        if let Some(sibling) = level.get(index ^ 1) {
            path.push(*sibling);
        }
        level = level.chunks(2).map(join).collect();
        index /= 2;
    }
    Some(path)
}

/// Whether `path` leads from `leaf` at `index` of `count` leaves to `root`.
///
/// A root does not commit to its count: a proof may also pass for a count whose tree has the same
/// way up (leaf 0 of 3 passes as leaf 0 of 4). Take `count` from where the root was signed, never
/// from whoever brings the proof.
pub fn verify(leaf: &Hash, mut index: usize, mut count: usize, path: &[Hash], root: &Hash) -> bool {
    if index >= count {
        return false;
    }
    let mut path = path.iter();
    let mut hash = *leaf;
    while count > 1 {
        if index ^ 1 < count {
            let Some(sibling) = path.next() else { return false };
            hash =
                if index.is_multiple_of(2) { node(&hash, sibling) } else { node(sibling, &hash) };
        }
        index /= 2;
        count = count.div_ceil(2);
    }
    path.next().is_none() && hash == *root
}

fn join(pair: &[Hash]) -> Hash {
    match pair {
        [left, right] => node(left, right),
        [alone, ..] => *alone,
        [] => unreachable!("chunks are never empty"),
    }
}
