//! Merkle trees as in RFC 6962, section 2.1, with SHA-256.
//!
//! A leaf is hashed behind `0x00` and an inner node behind `0x01`, so neither passes for the
//! other; the left subtree holds the largest power of two below the count.

use crate::hash::{Hash, sha256};
use alloc::vec::Vec;
use core::ops::Range;

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
    root_of(leaves.iter().copied())
}

/// The same, of leaf hashes that come one by one: holds one hash for each level of the tree.
pub fn root_of(leaves: impl IntoIterator<Item = Hash>) -> Hash {
    // Roots of full trees, from the left, each smaller than the one before: the sizes are the bits
    // of the count so far.
    let mut full: Vec<Hash> = Vec::new();
    for (count, leaf) in leaves.into_iter().enumerate() {
        let mut hash = leaf;
        for _ in 0..count.trailing_ones() {
            // A set bit of the count is a tree.
            let Some(left) = full.pop() else { unreachable!("one tree for each bit") };
            hash = node(&left, &hash);
        }
        full.push(hash);
    }
    let join = |right: Hash, left: Hash| node(&left, &right);
    full.into_iter().rev().reduce(join).unwrap_or_else(|| sha256(&[]))
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

/// The hashes that lead from the leaves of `range` to the root; `None` if the range is empty or
/// leaves the list. Level by level from the leaves up, the one on the left before the one on the
/// right; of a single leaf it is [`proof`]'s.
pub fn range_proof(leaves: &[Hash], range: Range<usize>) -> Option<Vec<Hash>> {
    if range.is_empty() || range.end > leaves.len() {
        return None;
    }
    let (mut first, mut end) = (range.start, range.end);
    let mut path = Vec::new();
    let mut level = leaves.to_vec();
    while level.len() > 1 {
        if first % 2 == 1 {
            path.push(level[first - 1]);
        }
        if end % 2 == 1 {
            path.extend(level.get(end));
        }
        level = level.chunks(2).map(join).collect();
        first /= 2;
        end = end.div_ceil(2);
    }
    Some(path)
}

/// Whether `path` leads from the leaf hashes in `hashes`, those at `first` and after it of `count`
/// leaves, to `root`. Works in `hashes`: what they hold afterwards means nothing.
///
/// What [`verify`] says about `count` holds here too.
pub fn verify_range(
    hashes: &mut [Hash],
    mut first: usize,
    mut count: usize,
    path: &[Hash],
    root: &Hash,
) -> bool {
    let mut len = hashes.len();
    if len == 0 || first.checked_add(len).is_none_or(|end| end > count) {
        return false;
    }
    let mut path = path.iter();
    while count > 1 {
        // Nodes read and parents written, of those of this level in `hashes`.
        let (mut read, mut written) = (0, 0);
        if first % 2 == 1 {
            let Some(left) = path.next() else { return false };
            hashes[0] = node(left, &hashes[0]);
            (read, written) = (1, 1);
        }
        while read + 1 < len {
            hashes[written] = node(&hashes[read], &hashes[read + 1]);
            read += 2;
            written += 1;
        }
        if read < len {
            hashes[written] = if first + read + 1 < count {
                let Some(right) = path.next() else { return false };
                node(&hashes[read], right)
            } else {
                hashes[read]
            };
            written += 1;
        }
        len = written;
        first /= 2;
        count = count.div_ceil(2);
    }
    path.next().is_none() && hashes[0] == *root
}

fn join(pair: &[Hash]) -> Hash {
    match pair {
        [left, right] => node(left, right),
        [alone, ..] => *alone,
        [] => unreachable!("chunks are never empty"),
    }
}
