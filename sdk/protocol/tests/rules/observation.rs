//! Observation leaves: every field is covered by the leaf, every leaf by the root.

use crate::strategies;
use heliograph_protocol::merkle;
use heliograph_protocol::observation::{Figures, LEAF_LEN, Leaf, NOT_MEASURED, PPM, root};
use heliograph_protocol::sample::SAMPLES_MAX;
use proptest::collection::vec;
use proptest::prelude::*;

/// One change to each field.
const CHANGES: [fn(&mut Leaf); 11] = [
    |l| l.observer[17] ^= 4,
    |l| l.epoch ^= 1,
    |l| l.node[17] ^= 4,
    |l| l.figures.samples ^= 1,
    |l| l.figures.availability_ppm ^= 1,
    |l| l.figures.rtt_p95_us ^= 1,
    |l| l.figures.jitter_p95_us ^= 1,
    |l| l.figures.loss_ppm ^= 1,
    |l| l.figures.setup_p95_us ^= 1,
    |l| l.figures.wer_ppm ^= 1,
    |l| l.samples_root[17] ^= 4,
];

proptest! {
    #[test]
    fn leaf_covers_every_field(leaf in strategies::observation()) {
        let bytes = borsh::to_vec(&leaf).unwrap();
        prop_assert_eq!(bytes.len(), LEAF_LEN);
        prop_assert_eq!(leaf.hash(), merkle::leaf(&bytes));
        prop_assert_eq!(borsh::from_slice::<Leaf>(&bytes).unwrap(), leaf);
        for change in CHANGES {
            let mut other = leaf;
            change(&mut other);
            prop_assert_ne!(other.hash(), leaf.hash());
        }
    }

    #[test]
    fn root_covers_leaves_and_their_order(leaves in vec(strategies::observation(), 2..6)) {
        let hashes: Vec<_> = leaves.iter().map(Leaf::hash).collect();
        let whole = root(&leaves);
        prop_assert_eq!(whole, merkle::root(&hashes));
        prop_assert_ne!(root(&leaves[1..]), whole);
        let mut swapped = leaves.clone();
        swapped.swap(0, 1);
        prop_assert_eq!(root(&swapped) == whole, leaves[0] == leaves[1]);
        for (i, leaf) in leaves.iter().enumerate() {
            let path = merkle::proof(&hashes, i).unwrap();
            prop_assert!(merkle::verify(&leaf.hash(), i, leaves.len(), &path, &whole));
        }
    }

    /// A root fits one observer: the same figures under another name are other leaves.
    #[test]
    fn anothers_root_holds_no_leaf_of_ones_own(leaf in strategies::observation(), other: [u8; 32]) {
        prop_assume!(other != leaf.observer);
        prop_assert_ne!(root(&[Leaf { observer: other, ..leaf }]), root(&[leaf]));
    }
}

#[test]
fn figures_no_probes_could_give_are_invalid() {
    let good = Figures {
        samples: 1,
        availability_ppm: PPM,
        rtt_p95_us: NOT_MEASURED,
        jitter_p95_us: NOT_MEASURED,
        loss_ppm: NOT_MEASURED,
        setup_p95_us: NOT_MEASURED,
        wer_ppm: NOT_MEASURED,
    };
    assert!(!good.is_invalid());
    assert!(!Figures { loss_ppm: PPM, wer_ppm: 3 * PPM, availability_ppm: 0, ..good }.is_invalid());
    assert!(!Figures { samples: SAMPLES_MAX as u32, ..good }.is_invalid());
    assert!(Figures { samples: SAMPLES_MAX as u32 + 1, ..good }.is_invalid());
    assert!(Figures { samples: 0, ..good }.is_invalid());
    assert!(Figures { availability_ppm: PPM + 1, ..good }.is_invalid());
    assert!(Figures { availability_ppm: NOT_MEASURED, ..good }.is_invalid());
    assert!(Figures { loss_ppm: PPM + 1, ..good }.is_invalid());
    assert!(Figures { loss_ppm: NOT_MEASURED - 1, ..good }.is_invalid());
}
