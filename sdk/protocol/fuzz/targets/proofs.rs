//! Merkle proofs: true ones pass, and no altered leaf, index, path or root passes beside them.
#![no_main]

use arbitrary::Arbitrary;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::merkle;
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
struct Case {
    leaves: Vec<u16>,
    first: u8,
    len: u8,
    /// What somebody else says: leaves, place and way up.
    claimed: Vec<u16>,
    claimed_first: u8,
    path: Vec<Hash>,
    flip: (u8, u8, u8),
}

fn hashes(values: &[u16]) -> Vec<Hash> {
    values.iter().map(|value| merkle::leaf(&value.to_le_bytes())).collect()
}

fuzz_target!(|case: Case| {
    let leaves = hashes(&case.leaves);
    let (root, count) = (merkle::root(&leaves), leaves.len());
    let (first, len) = (usize::from(case.first), usize::from(case.len));
    let range = first..first + len;
    let Some(path) = merkle::range_proof(&leaves, range.clone()) else {
        assert!(len == 0 || range.end > count);
        assert!(merkle::proof(&leaves, count).is_none());
        return;
    };
    assert!(merkle::verify_range(&mut leaves[range.clone()].to_vec(), first, count, &path, &root));
    let one = merkle::proof(&leaves, first).expect("the range begins in the list");
    assert!(merkle::verify(&leaves[first], first, count, &one, &root));
    assert_eq!(merkle::range_proof(&leaves, first..first + 1), Some(one));

    // One bit of the way up or of a leaf.
    let (at, byte, bit) = (case.flip.0.into(), usize::from(case.flip.1) % 32, case.flip.2 % 8);
    let mut bent = path.clone();
    if let Some(hash) = bent.get_mut::<usize>(at) {
        hash[byte] ^= 1 << bit;
        let mut own = leaves[range.clone()].to_vec();
        assert!(!merkle::verify_range(&mut own, first, count, &bent, &root));
    }
    let mut own = leaves[range].to_vec();
    if let Some(hash) = own.get_mut::<usize>(at) {
        hash[byte] ^= 1 << bit;
        assert!(!merkle::verify_range(&mut own, first, count, &path, &root));
    }

    // Whatever is claimed passes only if it is so.
    for way in [&case.path, &path] {
        let mut claimed = hashes(&case.claimed);
        let at = usize::from(case.claimed_first);
        if merkle::verify_range(&mut claimed, at, count, way, &root) {
            assert_eq!(hashes(&case.claimed), leaves[at..at + case.claimed.len()]);
        }
    }
});
