//! Batches that a settler has archived: their leaves, and what was posted of them.

use super::{Damaged, Evidence};
use crate::finding::{Finding, FindingKind};
use heliograph_protocol::batch::{self, BatchHeader};
use heliograph_protocol::domain::Message;
use heliograph_protocol::evidence::ArchivedBatch;
use heliograph_protocol::hash::Hash;
use heliograph_store::{Archive, ObjectKind};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// A batch as filed under its header's hash.
#[derive(Debug)]
pub(super) struct FiledBatch {
    header: BatchHeader,
    /// Whether the leaves are in order and have the header's count and root.
    leaves_match: bool,
}

impl Evidence {
    /// Takes the batch that lies under `name`, or the reason why its bytes are none.
    pub fn file_batch(&mut self, name: Hash, object: Result<ArchivedBatch, String>) {
        let path = Archive::path_of(ObjectKind::Batch, &name);
        self.damaged.remove(&path);
        let filed = object.and_then(|object| {
            if object.hash() != name {
                return Err(format!("its header has the hash {}", hex::encode(object.hash())));
            }
            let header = BatchHeader::from_signing_bytes(&object.header, &self.domain)
                .map_err(|error| error.to_string())?;
            let leaves = &object.leaves;
            let leaves_match = u32::try_from(leaves.len()) == Ok(header.count)
                && batch::is_sorted(leaves)
                && batch::root(leaves) == header.root;
            Ok(FiledBatch { header, leaves_match })
        });
        match filed {
            Ok(filed) => drop(self.batches.insert(name, filed)),
            Err(reason) => drop(self.damaged.insert(path, Damaged { reason, claims: None })),
        }
    }

    /// Holds the batches against those that were posted. One that was not is no fault: a settler
    /// archives a batch before it posts it, and may never get to.
    pub fn check_batches(&self, posted: &BTreeMap<(Pubkey, u64), BatchHeader>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for (name, filed) in &self.batches {
            let mut find = |detail: String| {
                let path = Archive::path_of(ObjectKind::Batch, name);
                findings.push(Finding::fault(FindingKind::BatchWrong, detail).object(path));
            };
            let (settler, minute) = (Pubkey::from(filed.header.settler), filed.header.minute_index);
            if !filed.leaves_match {
                find("its leaves have not the order, the count or the root of its header".into());
            }
            match posted.get(&(settler, minute)) {
                Some(header) if *header != filed.header => find(format!(
                    "settler {settler} has posted another batch for minute {minute}: {} leaves \
                     under {}, of {} micro-USDC",
                    header.count,
                    hex::encode(header.root),
                    header.total_micro_usdc
                )),
                _ => {}
            }
        }
        findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_protocol::batch::Leaf;
    use heliograph_protocol::domain::Domain;

    const DOMAIN: Domain = Domain([7; 32]);

    fn leaves() -> Vec<Leaf> {
        let leaf = |byte| Leaf {
            app: [1; 32],
            node: [2; 32],
            session: [byte; 32],
            cumulative_micro_usdc: 5_000,
            evidence: [4; 32],
        };
        vec![leaf(3), leaf(5)]
    }

    fn header() -> BatchHeader {
        let root = batch::root(&leaves());
        let settler = [8; 32];
        BatchHeader { settler, minute_index: 9, root, count: 2, total_micro_usdc: 10_000 }
    }

    /// What is found of a batch in an archive, where this was posted.
    fn found(object: ArchivedBatch, posted: Option<BatchHeader>) -> Vec<String> {
        let mut evidence = Evidence::new(DOMAIN);
        evidence.file_batch(object.hash(), Ok(object));
        assert!(evidence.damaged.is_empty());
        let key = |header: &BatchHeader| (header.settler.into(), header.minute_index);
        let posted = posted.iter().map(|header| (key(header), *header)).collect();
        evidence.check_batches(&posted).into_iter().map(|finding| finding.detail).collect()
    }

    #[test]
    fn batch_is_that_of_its_header_and_of_what_was_posted() {
        let honest = || ArchivedBatch::new(&header(), leaves(), &DOMAIN);
        let none: [String; 0] = [];
        assert_eq!(found(honest(), Some(header())), none);
        assert_eq!(found(honest(), None), none, "it may not have been posted yet");
        for other in [
            BatchHeader { root: [6; 32], ..header() },
            BatchHeader { count: 3, ..header() },
            BatchHeader { total_micro_usdc: 1, ..header() },
        ] {
            let details = found(honest(), Some(other));
            assert!(details.len() == 1 && details[0].contains("another batch"), "{details:?}");
        }
        let mut swapped = leaves();
        swapped.swap(0, 1);
        for leaves in [vec![], leaves()[..1].to_vec(), swapped] {
            let wrong = ArchivedBatch::new(&header(), leaves, &DOMAIN);
            let details = found(wrong, Some(header()));
            assert!(details.len() == 1 && details[0].contains("its leaves"), "{details:?}");
        }
    }

    #[test]
    fn batch_under_another_name_or_of_another_network_is_damaged() {
        let honest = ArchivedBatch::new(&header(), leaves(), &DOMAIN);
        let strange = ArchivedBatch::new(&header(), leaves(), &Domain([8; 32]));
        let other_name = [1; 32];
        for (name, object) in [(other_name, honest), (strange.hash(), strange)] {
            let mut evidence = Evidence::new(DOMAIN);
            evidence.file_batch(name, Ok(object));
            let path = Archive::path_of(ObjectKind::Batch, &name);
            assert_eq!(evidence.damaged.keys().collect::<Vec<_>>(), [&path]);
            assert!(evidence.check_batches(&BTreeMap::new()).is_empty());
        }
    }
}
