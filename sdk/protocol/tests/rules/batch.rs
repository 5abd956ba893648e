//! Leaves and headers of minute batches: what their hashes cover, and the order of leaves.

use crate::strategies;
use heliograph_protocol::batch::{
    BatchHeader, CHAIN_START, LEAF_LEN, Leaf, evidence, is_sorted, root,
};
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::hash::{Hash, sha256};
use heliograph_protocol::merkle;
use proptest::collection::vec;
use proptest::prelude::*;

fn leaf(app: u8, node: u8, session: u8) -> Leaf {
    Leaf {
        app: [app; 32],
        node: [node; 32],
        session: [session; 32],
        cumulative_micro_usdc: 1,
        evidence: [0; 32],
    }
}

proptest! {
    #[test]
    fn leaf_hash_is_the_trees_over_its_bytes(leaf in strategies::leaf()) {
        let bytes = borsh::to_vec(&leaf).unwrap();
        prop_assert_eq!(bytes.len(), LEAF_LEN);
        prop_assert_eq!(leaf.hash(), merkle::leaf(&bytes));
        prop_assert_eq!(borsh::from_slice::<Leaf>(&bytes).unwrap(), leaf);
    }

    #[test]
    fn leaf_hash_covers_every_bit(leaf in strategies::leaf(), at in 0..LEAF_LEN, bit in 0..8u8) {
        let mut bytes = borsh::to_vec(&leaf).unwrap();
        bytes[at] ^= 1 << bit;
        let other = borsh::from_slice::<Leaf>(&bytes).unwrap();
        prop_assert_ne!(other.hash(), leaf.hash());
    }

    #[test]
    fn chain_covers_previous_domain_and_header(
        previous in any::<Hash>(),
        domain in strategies::domain(),
        header in strategies::batch_header(),
        at in any::<prop::sample::Index>(),
        bit in 0..8u8,
    ) {
        let bytes = header.signing_bytes(&domain);
        let chain = header.chain(&previous, &domain);
        prop_assert_eq!(chain, sha256(&[&previous, &bytes]));

        let mut all = [previous.as_slice(), bytes.as_slice()].concat();
        let at = at.index(all.len());
        all[at] ^= 1 << bit;
        prop_assert_ne!(sha256(&[&all]), chain);
    }

    #[test]
    fn root_is_the_trees_over_the_leaves(leaves in vec(strategies::leaf(), 0..40)) {
        let hashes: Vec<Hash> = leaves.iter().map(Leaf::hash).collect();
        prop_assert_eq!(root(&leaves), merkle::root(&hashes));
    }

    #[test]
    fn sorted_leaves_are_those_in_order_without_doubles(
        mut leaves in vec((0..3u8, 0..3u8, 0..3u8), 0..6),
    ) {
        let as_leaves = |keys: &[(u8, u8, u8)]| -> Vec<Leaf> {
            keys.iter().map(|&(app, node, session)| leaf(app, node, session)).collect()
        };
        let mut sorted = leaves.clone();
        sorted.sort_unstable();
        sorted.dedup();
        prop_assert!(is_sorted(&as_leaves(&sorted)));
        prop_assert_eq!(is_sorted(&as_leaves(&leaves)), leaves == sorted);
        leaves.push((0, 0, 0));
        leaves.push((0, 0, 0));
        prop_assert!(!is_sorted(&as_leaves(&leaves)));
    }
}

#[test]
fn order_is_by_app_then_node_then_session() {
    assert!(is_sorted(&[]));
    let leaves = [leaf(1, 9, 9), leaf(2, 1, 9), leaf(2, 2, 1), leaf(2, 2, 2)];
    assert!(is_sorted(&leaves));
    for i in 0..3 {
        let mut swapped = leaves;
        swapped.swap(i, i + 1);
        assert!(!is_sorted(&swapped));
    }
    // Two amounts for one session are two leaves with one key.
    assert!(!is_sorted(&[leaf(1, 1, 1), Leaf { cumulative_micro_usdc: 2, ..leaf(1, 1, 1) }]));
}

#[test]
fn evidence_names_receipt_and_voucher_in_their_order() {
    assert_eq!(evidence(&[1; 32], &[2; 32]), sha256(&[&[1; 32], &[2; 32]]));
    assert_ne!(evidence(&[1; 32], &[2; 32]), evidence(&[2; 32], &[1; 32]));
}

#[test]
fn chain_of_two_differs_in_any_order() {
    let domain = Domain([7; 32]);
    let header = |minute_index| BatchHeader {
        settler: [1; 32],
        minute_index,
        root: [2; 32],
        count: 3,
        total_micro_usdc: 4,
    };
    let one = header(1).chain(&CHAIN_START, &domain);
    let two = header(2).chain(&CHAIN_START, &domain);
    assert_ne!(header(2).chain(&one, &domain), header(1).chain(&two, &domain));
}
