//! Whether a record is one that a node has signed for.

use super::selection::Selection;
use heliograph_client::evidence::is_genuine;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::ArchivedReceipt;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::merkle;
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::Record;
use solana_pubkey::Pubkey;

/// A record with the proof that its node signed for it.
#[derive(Clone, Debug)]
pub struct Rooted {
    pub session: Pubkey,
    pub sequence: u32,
    /// Place among the minute's records.
    pub index: usize,
    pub record: Record,
    pub receipt_hash: Hash,
    /// Hashes from the record's leaf up to the receipt's root.
    pub proof: Vec<Hash>,
}

/// A minute whose records cannot be held against anybody.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Unrooted {
    pub session: String,
    pub sequence: u32,
    pub receipt_hash: String,
    /// What is wrong.
    pub reason: String,
}

/// The segments of a minute that are meant. `node_key` is who has to have signed; `None` for what
/// is of another network, or a minute that is not meant.
pub fn segments(
    archived: &ArchivedReceipt,
    selection: &Selection,
    domain: &Domain,
    node_key: impl Fn(Pubkey) -> Option<Pubkey>,
) -> Option<Result<Vec<Rooted>, Unrooted>> {
    let receipt: Receipt = archived.signed.message(domain).ok()?;
    let (session, sequence) = (Pubkey::from(receipt.session), receipt.sequence);
    if !selection.may_be_in(session, sequence) {
        return None;
    }
    let leaves: Vec<Hash> = archived.records.iter().map(Record::leaf).collect();
    let wanted: Vec<usize> = (0..leaves.len())
        .filter(|&index| selection.has(session, sequence, index, &leaves[index]))
        .collect();
    // A minute with other records than its receipt's has none that is meant for sure.
    if wanted.is_empty() && matches!(selection, Selection::Leaf(_)) {
        return None;
    }
    let receipt_hash = archived.signed.hash();
    let unrooted = |reason: String| {
        let (session, receipt_hash) = (session.to_string(), hex::encode(receipt_hash));
        Some(Err(Unrooted { session, sequence, receipt_hash, reason }))
    };
    if !is_genuine(&archived.signed) {
        return unrooted("the receipt's signature does not verify".into());
    }
    let signer = Pubkey::from(archived.signed.public_key);
    match node_key(session) {
        Some(expected) if expected == signer => {}
        Some(expected) => {
            return unrooted(format!(
                "the receipt is signed by {signer}, not by the node {expected}"
            ));
        }
        None => return unrooted("nobody knows which node served the session".into()),
    }
    if leaves.len() as u64 != u64::from(receipt.records_count) {
        return unrooted(format!(
            "there are {} records, the receipt counts {}",
            leaves.len(),
            receipt.records_count
        ));
    }
    let mut segments = Vec::new();
    for index in wanted {
        let proof = merkle::proof(&leaves, index).unwrap_or_default();
        let root = &receipt.records_root;
        if !merkle::verify(&leaves[index], index, leaves.len(), &proof, root) {
            return unrooted("the records are not those whose root the node signed".into());
        }
        let record = archived.records[index].clone();
        segments.push(Rooted { session, sequence, index, record, receipt_hash, proof });
    }
    Some(Ok(segments))
}

/// The session of a receipt, by its own word.
pub fn session_of(archived: &ArchivedReceipt, domain: &Domain) -> Option<Pubkey> {
    let receipt: Receipt = archived.signed.message(domain).ok()?;
    Some(receipt.session.into())
}
