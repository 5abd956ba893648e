//! RFC 6962 trees: the known vectors of Certificate Transparency, and every way to cheat a proof.

use heliograph_protocol::hash::{Hash, sha256};
use heliograph_protocol::merkle::{leaf, node, proof, range_proof, root, verify, verify_range};
use proptest::prelude::*;

/// Inputs of Certificate Transparency's reference tests.
pub const CT_LEAVES: [&str; 8] = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
];

/// Root of the first `i` of [`CT_LEAVES`], from the same tests.
const CT_ROOTS: [&str; 9] = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

/// Audit paths from the same tests: leaf index, leaf count, path.
const CT_PATHS: [(usize, usize, &[&str]); 5] = [
    (0, 1, &[]),
    (
        0,
        8,
        &[
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        &[
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        &[
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
];

fn hash(text: &str) -> Hash {
    hex::decode(text).unwrap().try_into().unwrap()
}

fn leaves(count: usize) -> Vec<Hash> {
    (0..count as u64).map(|i| leaf(&i.to_le_bytes())).collect()
}

/// The definition in RFC 6962, section 2.1, word for word.
fn root_by_definition(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => sha256(&[]),
        [alone] => *alone,
        _ => {
            let left = leaves.len().next_power_of_two() / 2;
            node(&root_by_definition(&leaves[..left]), &root_by_definition(&leaves[left..]))
        }
    }
}

/// The turns on the way from a leaf to the root: `true` where the leaf's side is the left one.
fn turns(index: usize, count: usize) -> Vec<bool> {
    if count == 1 {
        return Vec::new();
    }
    let left = count.next_power_of_two() / 2;
    let mut turns =
        if index < left { turns(index, left) } else { turns(index - left, count - left) };
    turns.push(index < left);
    turns
}

#[test]
fn certificate_transparency_roots_match() {
    let data: Vec<Hash> = CT_LEAVES.iter().map(|l| leaf(&hex::decode(l).unwrap())).collect();
    for (count, expected) in CT_ROOTS.iter().enumerate() {
        assert_eq!(hex::encode(root(&data[..count])), *expected, "{count} leaves");
    }
}

#[test]
fn certificate_transparency_paths_match() {
    let data: Vec<Hash> = CT_LEAVES.iter().map(|l| leaf(&hex::decode(l).unwrap())).collect();
    for (index, count, path) in CT_PATHS {
        let path: Vec<Hash> = path.iter().map(|h| hash(h)).collect();
        assert_eq!(proof(&data[..count], index).as_ref(), Some(&path), "leaf {index} of {count}");
        assert!(verify(&data[index], index, count, &path, &hash(CT_ROOTS[count])));
    }
}

#[test]
fn every_leaf_of_up_to_forty_is_proved() {
    assert_eq!(proof(&[], 0), None);
    assert!(!verify(&leaf(b""), 0, 0, &[], &root(&[])));
    for count in 1..=40 {
        let leaves = leaves(count);
        let root = root(&leaves);
        assert_eq!(root, root_by_definition(&leaves), "{count} leaves");
        assert_eq!(proof(&leaves, count), None);
        for (index, leaf) in leaves.iter().enumerate() {
            let path = proof(&leaves, index).unwrap();
            assert_eq!(path.len(), turns(index, count).len());
            assert!(verify(leaf, index, count, &path, &root), "leaf {index} of {count}");
        }
    }
}

#[test]
fn any_altered_part_of_a_proof_fails() {
    for count in 1..=40 {
        let leaves = leaves(count);
        let root = root(&leaves);
        for (index, leaf) in leaves.iter().enumerate() {
            let mut path = proof(&leaves, index).unwrap();
            let accepts = |path: &[Hash]| verify(leaf, index, count, path, &root);

            for other in leaves.iter().filter(|other| *other != leaf) {
                assert!(!verify(other, index, count, &path, &root));
            }
            for at in 0..path.len() {
                path[at][31] ^= 1;
                assert!(!accepts(&path), "hash {at} of leaf {index} of {count}");
                path[at][31] ^= 1;
            }
            path.push([0; 32]);
            assert!(!accepts(&path), "longer path of leaf {index} of {count}");
            path.pop();
            if let Some(last) = path.pop() {
                assert!(!accepts(&path), "shorter path of leaf {index} of {count}");
                path.push(last);
            }
            let mut other_root = root;
            other_root[0] ^= 0x80;
            assert!(!verify(leaf, index, count, &path, &other_root));
        }
    }
}

/// An index or count passes only where it describes the very same way to the root. Within one
/// count no two indices do; that is why whoever commits to a root commits to its count as well.
#[test]
fn altered_position_fails() {
    let three = leaves(3);
    let path = proof(&three, 0).unwrap();
    assert!(verify(&three[0], 0, 4, &path, &root(&three)), "the documented exception");
    for count in 1..=24 {
        let leaves = leaves(count);
        let root = root(&leaves);
        for (index, leaf) in leaves.iter().enumerate() {
            let path = proof(&leaves, index).unwrap();
            for claimed_count in 0..=50 {
                for claimed_index in 0..=50 {
                    let same_way = claimed_index < claimed_count
                        && turns(claimed_index, claimed_count) == turns(index, count);
                    assert_eq!(
                        verify(leaf, claimed_index, claimed_count, &path, &root),
                        same_way,
                        "leaf {index} of {count} claimed as {claimed_index} of {claimed_count}",
                    );
                    if claimed_count == count {
                        assert_eq!(same_way, claimed_index == index);
                    }
                }
            }
        }
    }
}

#[test]
fn extreme_positions_are_refused_without_overflow() {
    let leaf = leaf(b"");
    assert!(!verify(&leaf, usize::MAX, usize::MAX, &[], &leaf));
    assert!(!verify(&leaf, usize::MAX - 1, usize::MAX, &[leaf; 64], &leaf));
    assert!(!verify(&leaf, 0, usize::MAX, &[leaf; 63], &leaf));
}

fn proves(hashes: &[Hash], first: usize, count: usize, path: &[Hash], root: &Hash) -> bool {
    verify_range(&mut hashes.to_vec(), first, count, path, root)
}

#[test]
fn every_range_of_up_to_twenty_is_proved() {
    for count in 1..=20 {
        let leaves = leaves(count);
        let root = root(&leaves);
        for first in 0..count {
            for end in first + 1..=count {
                let path = range_proof(&leaves, first..end).unwrap();
                let range = &leaves[first..end];
                assert!(proves(range, first, count, &path, &root), "{first}..{end} of {count}");
                if end == first + 1 {
                    assert_eq!(Some(&path), proof(&leaves, first).as_ref());
                }
                if (first, end) == (0, count) {
                    assert!(path.is_empty(), "the whole tree needs no proof");
                }
            }
            assert_eq!(range_proof(&leaves, first..first), None);
            assert_eq!(range_proof(&leaves, first..count + 1), None);
        }
    }
}

#[test]
fn any_altered_part_of_a_range_proof_fails() {
    for count in 1..=12 {
        let leaves = leaves(count);
        let root = root(&leaves);
        for first in 0..count {
            for end in first + 1..=count {
                let mut range = leaves[first..end].to_vec();
                let mut path = range_proof(&leaves, first..end).unwrap();
                for at in 0..range.len() {
                    range[at][7] ^= 4;
                    assert!(!proves(&range, first, count, &path, &root));
                    range[at][7] ^= 4;
                }
                for at in 1..range.len() {
                    range.swap(at - 1, at);
                    assert!(!proves(&range, first, count, &path, &root));
                    range.swap(at - 1, at);
                }
                for at in 0..path.len() {
                    path[at][31] ^= 1;
                    assert!(!proves(&range, first, count, &path, &root));
                    path[at][31] ^= 1;
                }
                // One leaf more or fewer than the proof is for.
                assert!(range.len() == 1 || !proves(&range[1..], first, count, &path, &root));
                let shorter = &range[..range.len() - 1];
                assert!(!proves(shorter, first, count, &path, &root));
                range.push([9; 32]);
                assert!(!proves(&range, first, count, &path, &root));
                range.pop();
                path.push([0; 32]);
                assert!(!proves(&range, first, count, &path, &root));
                path.pop();
                if let Some(last) = path.pop() {
                    assert!(!proves(&range, first, count, &path, &root));
                    path.push(last);
                }
                for other in (0..count + 2).filter(|other| *other != first) {
                    assert!(!proves(&range, other, count, &path, &root), "moved to {other}");
                }
            }
        }
    }
}

#[test]
fn extreme_ranges_are_refused_without_overflow() {
    let hashes = [leaf(b""); 3];
    for (first, count) in [(usize::MAX, usize::MAX), (usize::MAX - 2, usize::MAX), (0, 2), (0, 0)] {
        assert!(!proves(&hashes, first, count, &[hashes[0]; 128], &hashes[0]));
    }
    assert!(!proves(&[], 0, 0, &[], &root(&[])));
    assert!(!proves(&[], 0, 1, &[], &hashes[0]));
    assert_eq!(range_proof(&[], 0..0), None);
}

proptest! {
    #[test]
    fn range_of_a_large_tree_is_proved_and_no_other_leaf_passes(
        count in 1..600usize,
        first in any::<prop::sample::Index>(),
        len in any::<prop::sample::Index>(),
        at in any::<prop::sample::Index>(),
    ) {
        let leaves = leaves(count);
        let root = root(&leaves);
        let first = first.index(count);
        let end = first + 1 + len.index(count - first);
        let path = range_proof(&leaves, first..end).unwrap();
        // Two hashes a level at most.
        prop_assert!(path.len() <= 2 * count.next_power_of_two().trailing_zeros() as usize);
        let mut range = leaves[first..end].to_vec();
        prop_assert!(proves(&range, first, count, &path, &root));
        let at = at.index(range.len());
        range[at][0] ^= 1;
        prop_assert!(!proves(&range, first, count, &path, &root));
    }

    #[test]
    fn arbitrary_range_proofs_never_panic(
        first in any::<usize>(),
        count in any::<usize>(),
        mut range in proptest::collection::vec(any::<[u8; 32]>(), 0..20),
        path in proptest::collection::vec(any::<[u8; 32]>(), 0..130),
    ) {
        prop_assert!(!verify_range(&mut range, first, count, &path, &[2; 32]));
    }

    #[test]
    fn leaf_and_node_never_meet(left in any::<[u8; 32]>(), right in any::<[u8; 32]>()) {
        let inner = [left, right].concat();
        prop_assert_ne!(leaf(&inner), node(&left, &right));
        prop_assert_ne!(leaf(&inner), sha256(&[&inner]));
        prop_assert_eq!(leaf(&inner), sha256(&[&[0], &inner]));
        prop_assert_eq!(node(&left, &right), sha256(&[&[1], &inner]));
    }

    #[test]
    fn root_follows_the_definition(leaves in proptest::collection::vec(any::<[u8; 32]>(), 0..300)) {
        prop_assert_eq!(root(&leaves), root_by_definition(&leaves));
    }

    #[test]
    fn root_changes_with_any_leaf(
        mut leaves in proptest::collection::vec(any::<[u8; 32]>(), 1..100),
        at in any::<prop::sample::Index>(),
        byte in 0..32usize,
        change in 1..=u8::MAX,
    ) {
        let before = root(&leaves);
        let at = at.index(leaves.len());
        leaves[at][byte] ^= change;
        prop_assert_ne!(root(&leaves), before);
        leaves[at][byte] ^= change;
        leaves.push([0; 32]);
        prop_assert_ne!(root(&leaves), before);
    }

    #[test]
    fn arbitrary_proofs_never_panic(
        index in any::<usize>(),
        count in any::<usize>(),
        path in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        // Nobody finds a proof by chance.
        prop_assert!(!verify(&[1; 32], index, count, &path, &[2; 32]));
    }
}
