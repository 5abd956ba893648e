//! The archive against the history: every minute of every session has its receipt and its voucher,
//! each follows from the one before, and nothing lies there that belongs to nobody.

use super::{Evidence, FiledReceipt};
use crate::finding::{Finding, FindingKind};
use crate::replay::SessionHistory;
use crate::report::{Minute, Settlement};
use heliograph_protocol::batch::evidence;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::receipt::Tip;
use heliograph_protocol::service::{SERVICE_COUNT, Service};
use heliograph_store::{Archive, ObjectKind};
use solana_pubkey::Pubkey;
use std::collections::{BTreeMap, BTreeSet};

/// What the archive shows.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    pub findings: Vec<Finding>,
    pub minutes: Vec<Minute>,
    /// Objects that were referred to and not there. On a live network they may have arrived since.
    pub missing: Vec<(ObjectKind, Hash)>,
    /// Damaged objects that a finding names already.
    named: BTreeSet<String>,
}

/// Hashes by session and minute.
type Index = BTreeMap<Pubkey, BTreeMap<u32, Vec<Hash>>>;

impl Evidence {
    /// Checks the sessions that `wanted` accepts, and every object.
    pub fn check(
        &self,
        sessions: &BTreeMap<Pubkey, SessionHistory>,
        wanted: impl Fn(&SessionHistory) -> bool,
    ) -> Checked {
        let mut receipts = Index::new();
        for (hash, filed) in &self.receipts {
            let minutes = receipts.entry(filed.receipt.session.into()).or_default();
            minutes.entry(filed.receipt.sequence).or_default().push(*hash);
        }
        let mut vouchers = Index::new();
        for (hash, filed) in &self.vouchers {
            let minutes = vouchers.entry(filed.voucher.session.into()).or_default();
            minutes.entry(filed.voucher.sequence).or_default().push(*hash);
        }
        let mut checked = Checked::default();
        for (kind, index) in [(ObjectKind::Receipt, &receipts), (ObjectKind::Voucher, &vouchers)] {
            unknown_sessions(kind, index, sessions, &mut checked);
        }
        for (address, history) in sessions.iter().filter(|(_, history)| wanted(history)) {
            let mut session = Session {
                evidence: self,
                address: *address,
                history,
                receipts: receipts.remove(address).unwrap_or_default(),
                vouchers: vouchers.remove(address).unwrap_or_default(),
                required: BTreeMap::new(),
                checked: &mut checked,
            };
            session.check();
        }
        self.objects(&mut checked);
        checked
    }

    /// Objects that no session's check has named.
    fn objects(&self, checked: &mut Checked) {
        for (path, damaged) in &self.damaged {
            if checked.named.contains(path) {
                continue;
            }
            let finding = Finding::fault(FindingKind::ObjectDamaged, &*damaged.reason).object(path);
            checked.findings.push(match damaged.claims {
                Some((session, sequence)) => finding.minute(session.into(), sequence),
                None => finding,
            });
        }
        for path in &self.misplaced {
            let detail = "it is not named by a hash, or lies in another's place";
            let finding = Finding::fault(FindingKind::ObjectMisplaced, detail).object(path);
            checked.findings.push(finding);
        }
    }
}

fn unknown_sessions(
    kind: ObjectKind,
    index: &Index,
    sessions: &BTreeMap<Pubkey, SessionHistory>,
    checked: &mut Checked,
) {
    for (session, minutes) in index.iter().filter(|(session, _)| !sessions.contains_key(session)) {
        for (sequence, hashes) in minutes {
            for hash in hashes {
                let detail = "the history has no such session";
                let finding = Finding::fault(FindingKind::SessionUnknown, detail)
                    .minute(*session, *sequence)
                    .object(Archive::path_of(kind, hash));
                checked.findings.push(finding);
            }
        }
    }
}

/// The check of one session.
struct Session<'a> {
    evidence: &'a Evidence,
    address: Pubkey,
    history: &'a SessionHistory,
    /// Genuine receipts of the session's node, by minute.
    receipts: BTreeMap<u32, Vec<Hash>>,
    /// Genuine vouchers of the session's signer, by minute.
    vouchers: BTreeMap<u32, Vec<Hash>>,
    /// Receipts that a voucher or the next receipt names.
    required: BTreeMap<u32, BTreeSet<Hash>>,
    checked: &'a mut Checked,
}

/// Where the chain of receipts stands.
enum Before {
    /// Nothing before.
    Start,
    Receipt(Tip),
    /// The one before is missing: the next is taken at its word about it.
    Unknown,
}

impl Session<'_> {
    fn check(&mut self) {
        self.drop_foreign_signatures();
        self.require();
        self.check_redeems();
        self.check_claims();
        let minutes: BTreeSet<u32> =
            self.receipts.keys().chain(self.required.keys()).copied().collect();
        let last = minutes.last().copied();
        let (mut before, mut next, mut audio_end) = (Before::Start, 0, 0);
        for sequence in minutes {
            if sequence > next {
                let through = sequence - 1;
                let detail = format!("nothing is left of the minutes {next} to {through}");
                self.find(FindingKind::ReceiptMissing, next, None, detail);
                before = Before::Unknown;
            }
            let Some(hash) = self.receipt_of(sequence) else {
                before = Before::Unknown;
                next = sequence.saturating_add(1);
                continue;
            };
            let filed = &self.evidence.receipts[&hash];
            self.check_receipt(filed, hash, before);
            self.check_records(filed, hash, &mut audio_end);
            let voucher = self.voucher_of(filed, hash, Some(sequence) == last);
            self.row(filed, hash, voucher);
            before = Before::Receipt(filed.receipt.tip(hash));
            next = sequence.saturating_add(1);
        }
    }

    fn find(
        &mut self,
        what: FindingKind,
        sequence: u32,
        object: Option<(ObjectKind, &Hash)>,
        detail: impl Into<String>,
    ) {
        let mut finding = Finding::fault(what, detail).minute(self.address, sequence);
        finding.object = object.map(|(kind, hash)| Archive::path_of(kind, hash));
        self.checked.findings.push(finding);
    }

    /// Reports messages that others signed, and forgets them.
    fn drop_foreign_signatures(&mut self) {
        let node_key = self.history.node_key.to_bytes();
        let signer = self.history.opened.voucher_signer.to_bytes();
        let mut foreign = Vec::new();
        for (sequence, hashes) in &mut self.receipts {
            hashes.retain(|hash| {
                let filed = &self.evidence.receipts[hash];
                let own = filed.genuine && filed.public_key == node_key;
                if !own {
                    foreign.push((*sequence, ObjectKind::Receipt, *hash, filed.public_key));
                }
                own
            });
        }
        for (sequence, hashes) in &mut self.vouchers {
            hashes.retain(|hash| {
                let filed = &self.evidence.vouchers[hash];
                let own = filed.genuine && filed.public_key == signer;
                if !own {
                    foreign.push((*sequence, ObjectKind::Voucher, *hash, filed.public_key));
                }
                own
            });
        }
        self.receipts.retain(|_, hashes| !hashes.is_empty());
        for (sequence, kind, hash, key) in foreign {
            let (what, expected) = if kind == ObjectKind::Receipt {
                ("receipt", self.history.node_key)
            } else {
                ("voucher", self.history.opened.voucher_signer)
            };
            let found = Pubkey::from(key);
            let detail = if found == expected {
                format!("the {what}'s signature does not verify")
            } else {
                format!("the {what} is signed by {found}, expected {expected}")
            };
            self.find(FindingKind::SignerWrong, sequence, Some((kind, &hash)), detail);
        }
    }

    /// Collects which receipts there have to be.
    fn require(&mut self) {
        let mut require = |sequence: u32, hash: Hash| {
            self.required.entry(sequence).or_default().insert(hash);
        };
        for redeem in &self.history.redeems {
            require(redeem.sequence, redeem.receipt_hash);
        }
        for hash in self.vouchers.values().flatten() {
            let voucher = &self.evidence.vouchers[hash].voucher;
            require(voucher.sequence, voucher.receipt_hash);
        }
        for hash in self.receipts.values().flatten() {
            let receipt = &self.evidence.receipts[hash].receipt;
            if let Some(previous) = receipt.sequence.checked_sub(1) {
                require(previous, receipt.previous_receipt_hash);
            }
        }
    }

    /// The receipt of a minute; says what is wrong if there is not exactly the one required.
    fn receipt_of(&mut self, sequence: u32) -> Option<Hash> {
        let found = self.receipts.get(&sequence).cloned().unwrap_or_default();
        let required = self.required.get(&sequence).cloned().unwrap_or_default();
        for hash in required.iter().filter(|hash| !found.contains(hash)) {
            // A receipt with a foreign signature has been reported.
            if !self.evidence.receipts.contains_key(hash) {
                self.report_absent(
                    ObjectKind::Receipt,
                    FindingKind::ReceiptMissing,
                    sequence,
                    hash,
                );
            } else if self.evidence.receipts[hash].receipt.session != self.address.to_bytes()
                || self.evidence.receipts[hash].receipt.sequence != sequence
            {
                let detail = "what names it takes it for another minute's";
                let object = Some((ObjectKind::Receipt, hash));
                self.find(FindingKind::ReceiptWrong, sequence, object, detail);
            }
        }
        if let [first, others @ ..] = found.as_slice() {
            for other in others {
                let detail = format!(
                    "the node signed two receipts, {} and {}",
                    Archive::path_of(ObjectKind::Receipt, first),
                    Archive::path_of(ObjectKind::Receipt, other),
                );
                let object = Some((ObjectKind::Receipt, other));
                self.find(FindingKind::Equivocation, sequence, object, detail);
            }
        }
        found.iter().find(|hash| required.contains(*hash)).or(found.first()).copied()
    }

    fn report_absent(&mut self, kind: ObjectKind, what: FindingKind, sequence: u32, hash: &Hash) {
        let path = Archive::path_of(kind, hash);
        if let Some(damaged) = self.evidence.damaged.get(&path) {
            let reason = damaged.reason.clone();
            self.find(FindingKind::ObjectDamaged, sequence, Some((kind, hash)), reason);
            self.checked.named.insert(path);
        } else {
            self.find(what, sequence, Some((kind, hash)), "the archive does not have it");
            self.checked.missing.push((kind, *hash));
        }
    }

    fn check_redeems(&mut self) {
        for redeem in &self.history.redeems {
            if !self.evidence.vouchers.contains_key(&redeem.voucher_hash) {
                let first = self.checked.findings.len();
                let (what, hash) = (FindingKind::VoucherMissing, &redeem.voucher_hash);
                self.report_absent(ObjectKind::Voucher, what, redeem.sequence, hash);
                for finding in &mut self.checked.findings[first..] {
                    finding.transaction = Some(redeem.transaction);
                }
            }
        }
    }

    /// Every leaf that was paid has its voucher.
    fn check_claims(&mut self) {
        for claim in &self.history.claims {
            let backed = self.vouchers.values().flatten().any(|hash| {
                let voucher = &self.evidence.vouchers[hash].voucher;
                voucher.cumulative_micro_usdc == claim.leaf.cumulative_micro_usdc
                    && evidence(&voucher.receipt_hash, hash) == claim.leaf.evidence
            });
            if !backed {
                let detail = format!(
                    "a leaf over {} was paid; the archive has no voucher that is its evidence",
                    claim.leaf.cumulative_micro_usdc
                );
                let finding = Finding::fault(FindingKind::LeafUnbacked, detail)
                    .minute(self.address, None)
                    .transaction(claim.transaction);
                self.checked.findings.push(finding);
            }
        }
    }

    fn check_receipt(&mut self, filed: &FiledReceipt, hash: Hash, before: Before) {
        let receipt = &filed.receipt;
        let terms = self.history.opened.terms(&self.address);
        let tip = match before {
            Before::Start => None,
            Before::Receipt(tip) => Some(tip),
            Before::Unknown => receipt.sequence.checked_sub(1).map(|sequence| Tip {
                sequence,
                cumulative_micro_usdc: receipt
                    .cumulative_micro_usdc
                    .saturating_sub(receipt.amount_micro_usdc),
                media_end_sample: receipt.media_start_sample,
                hash: receipt.previous_receipt_hash,
            }),
        };
        if let Err(error) = receipt.check(&terms, tip.as_ref()) {
            let object = Some((ObjectKind::Receipt, &hash));
            self.find(FindingKind::ReceiptWrong, receipt.sequence, object, error.to_string());
        }
    }

    /// `audio_end` is where the last record before ended.
    fn check_records(&mut self, filed: &FiledReceipt, hash: Hash, audio_end: &mut u64) {
        let sequence = filed.receipt.sequence;
        let object = Some((ObjectKind::Receipt, &hash));
        if !filed.records_match {
            let detail = "count or root of the records is not the receipt's";
            self.find(FindingKind::RecordsWrong, sequence, object, detail);
            return;
        }
        // A segment may span minutes; its record comes with the minute it was finished in.
        let media_end = self.media_end();
        for (start, end) in &filed.audio {
            if start < audio_end || end < start || *end > media_end {
                let detail = format!(
                    "a record covers the samples {start} to {end}, after one that ends at \
                     {audio_end}, of a session that ends at {media_end}"
                );
                self.find(FindingKind::RecordsAudioWrong, sequence, object, detail);
            }
            *audio_end = (*audio_end).max(*end);
        }
    }

    fn media_end(&self) -> u64 {
        let filed = self.receipts.values().flatten();
        filed.map(|hash| self.evidence.receipts[hash].receipt.media_end_sample).max().unwrap_or(0)
    }

    /// The voucher that answers a receipt. The last receipt of all may still wait for its own.
    fn voucher_of(&mut self, filed: &FiledReceipt, hash: Hash, last: bool) -> Option<Hash> {
        let receipt = &filed.receipt;
        let mut answer = None;
        for name in self.vouchers.get(&receipt.sequence).cloned().unwrap_or_default() {
            let voucher = &self.evidence.vouchers[&name].voucher;
            if voucher.receipt_hash == hash
                && voucher.cumulative_micro_usdc == receipt.cumulative_micro_usdc
                && voucher.channel == receipt.channel
            {
                answer = Some(name);
                continue;
            }
            let detail = format!(
                "it promises {} for receipt {}; receipt {} adds up to {}",
                voucher.cumulative_micro_usdc,
                hex::encode(voucher.receipt_hash),
                hex::encode(hash),
                receipt.cumulative_micro_usdc,
            );
            let object = Some((ObjectKind::Voucher, &name));
            self.find(FindingKind::VoucherWrong, receipt.sequence, object, detail);
        }
        if answer.is_none() && !last {
            let detail = "later minutes were served, so there was one";
            let object = None;
            self.find(FindingKind::VoucherMissing, receipt.sequence, object, detail);
        }
        answer
    }

    fn row(&mut self, filed: &FiledReceipt, hash: Hash, voucher: Option<Hash>) {
        let receipt = &filed.receipt;
        let secs: [u32; SERVICE_COUNT] = Service::ALL.map(|service| receipt.usage.secs(service));
        let due = receipt.cumulative_micro_usdc;
        let redeemed = self.history.redeems.iter().find(|r| r.settled_micro_usdc >= due);
        let claimed = self.history.claims.iter().find(|c| c.settled_micro_usdc >= due);
        // A leaf that paid it came first if it left less settled than the voucher found.
        let claimed = claimed.filter(|claimed| {
            redeemed.is_none_or(|r| claimed.settled_micro_usdc < r.settled_micro_usdc)
        });
        let settlement = match (claimed, redeemed) {
            (None, None) => Settlement::Unsettled,
            (Some(claim), _) => Settlement::Claimed { transaction: claim.transaction.to_string() },
            (None, Some(redeem)) if redeem.sequence == receipt.sequence => {
                Settlement::Redeemed { transaction: redeem.transaction.to_string() }
            }
            (None, Some(redeem)) => Settlement::Covered {
                by_sequence: redeem.sequence,
                transaction: redeem.transaction.to_string(),
            },
        };
        self.checked.minutes.push(Minute {
            session: self.address.to_string(),
            sequence: receipt.sequence,
            secs: secs.into_iter().max().unwrap_or(0),
            amount_micro_usdc: receipt.amount_micro_usdc,
            cumulative_micro_usdc: receipt.cumulative_micro_usdc,
            receipt_hash: hex::encode(hash),
            voucher_hash: voucher.map(hex::encode),
            settlement,
        });
    }
}
