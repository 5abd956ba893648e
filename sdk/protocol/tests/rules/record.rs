//! AI records: every field is covered by the leaf, every record by the root.

use crate::strategies;
use heliograph_protocol::hash::sha256;
use heliograph_protocol::merkle;
use heliograph_protocol::record::{Record, records_root, text_sha256};
use proptest::collection::vec;
use proptest::prelude::*;

fn flip(hash: &mut [u8; 32]) {
    hash[17] ^= 4;
}

/// One change to each field.
const CHANGES: [fn(&mut Record); 12] = [
    |r| r.engine.push('x'),
    |r| r.engine_version.push('x'),
    |r| flip(&mut r.model_sha256),
    |r| r.language.push('x'),
    |r| r.parameters.push('x'),
    |r| r.filters.push('x'),
    |r| flip(&mut r.audio_sha256),
    |r| r.audio_start_sample ^= 1,
    |r| r.audio_end_sample ^= 1,
    |r| flip(&mut r.text_sha256),
    |r| r.started_at_unix_ms ^= 1,
    |r| r.finished_at_unix_ms ^= 1,
];

proptest! {
    #[test]
    fn leaf_covers_every_field(record in strategies::record()) {
        let leaf = record.leaf();
        let bytes = borsh::to_vec(&record).unwrap();
        prop_assert_eq!(leaf, merkle::leaf(&bytes));
        prop_assert_eq!(&borsh::from_slice::<Record>(&bytes).unwrap(), &record);
        for change in CHANGES {
            let mut other = record.clone();
            change(&mut other);
            prop_assert_ne!(other.leaf(), leaf);
        }
    }

    /// Text moved from one field to the next is another record: lengths are part of the bytes.
    #[test]
    fn neighbouring_strings_do_not_run_together(record in strategies::record()) {
        prop_assume!(!record.engine.is_empty());
        let mut other = record.clone();
        let last = other.engine.pop().unwrap();
        other.engine_version.insert(0, last);
        prop_assert_ne!(other.leaf(), record.leaf());
    }

    #[test]
    fn root_covers_records_and_their_order(records in vec(strategies::record(), 2..6)) {
        let root = records_root(&records);
        let leaves: Vec<_> = records.iter().map(Record::leaf).collect();
        prop_assert_eq!(root, merkle::root(&leaves));
        let mut swapped = records.clone();
        swapped.swap(0, 1);
        prop_assert_eq!(records_root(&swapped) == root, records[0] == records[1]);
        prop_assert_ne!(records_root(&records[1..]), root);
        for (i, record) in records.iter().enumerate() {
            let path = merkle::proof(&leaves, i).unwrap();
            prop_assert!(merkle::verify(&record.leaf(), i, records.len(), &path, &root));
        }
    }

    #[test]
    fn text_is_hashed_as_utf8(text in "\\PC{0,64}") {
        prop_assert_eq!(text_sha256(&text), sha256(&[text.as_bytes()]));
    }
}

#[test]
fn minute_without_records_has_the_empty_root() {
    assert_eq!(
        hex::encode(records_root(&[])),
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    );
    assert_eq!(
        hex::encode(text_sha256("abc")),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
}
