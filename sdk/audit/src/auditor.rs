//! The audit without its sources: transactions, accounts and archived objects go in, from
//! wherever, and a report comes out.

use crate::Options;
use crate::compare::{Snapshot, compare, vaults};
use crate::evidence::Evidence;
use crate::finding::{Finding, FindingKind};
use crate::replay::Replay;
use crate::report::{Report, Totals};
use heliograph_client::pda;
use heliograph_client::rpc::Transaction;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::evidence::{ArchivedBatch, ArchivedReceipt, Signed};
use heliograph_protocol::hash::Hash;
use heliograph_registry::state::Network;
use heliograph_store::ObjectKind;
use solana_pubkey::Pubkey;
use solana_signature::Signature;

/// An audit under way. Transactions come first, oldest first; then what the archive holds; the
/// accounts last.
#[derive(Debug)]
pub struct Auditor {
    options: Options,
    replay: Replay,
    evidence: Option<Evidence>,
    lost: Vec<Finding>,
}

impl Auditor {
    /// An audit that knows nothing yet.
    pub fn new(options: Options) -> Self {
        let replay = Replay::new(options.clock_tolerance_secs);
        Self { options, replay, evidence: None, lost: Vec::new() }
    }

    /// Carries out transactions, oldest first and whole slots at a time. Failed ones and those of
    /// other programs are ignored.
    pub fn carry_out(&mut self, transactions: &[Transaction]) {
        self.replay.carry_out(transactions);
    }

    /// Notes that the source lists a transaction and does not have it.
    pub fn transaction_lost(&mut self, signature: Signature) {
        let detail = "the RPC lists this transaction and does not have it";
        let finding = Finding::fault(FindingKind::HistoryIncomplete, detail);
        self.lost.push(finding.transaction(signature));
    }

    /// The network that signatures must be for; `None` until the history has created it.
    pub fn domain(&self) -> Option<Domain> {
        self.replay.world.get::<Network>(&pda::network()).map(|network| network.domain())
    }

    /// Token accounts whose balances [`finish`](Self::finish) needs.
    pub fn vaults(&self) -> Vec<Pubkey> {
        vaults(&self.replay.world).into_iter().map(|(address, _)| address).collect()
    }

    /// Takes the receipt that the archive has under `name`, or why its bytes are none. Later
    /// objects of a name replace earlier ones. Ignored before the network exists.
    pub fn file_receipt(&mut self, name: Hash, object: Result<ArchivedReceipt, String>) {
        if let Some(evidence) = self.evidence() {
            evidence.file_receipt(name, object);
        }
    }

    /// Takes the voucher that the archive has under `name`, likewise.
    pub fn file_voucher(&mut self, name: Hash, object: Result<Signed, String>) {
        if let Some(evidence) = self.evidence() {
            evidence.file_voucher(name, object);
        }
    }

    /// Takes the batch that the archive has under `name`, likewise.
    pub fn file_batch(&mut self, name: Hash, object: Result<ArchivedBatch, String>) {
        if let Some(evidence) = self.evidence() {
            evidence.file_batch(name, object);
        }
    }

    /// Takes note of a file in the archive that is not named as objects are.
    pub fn file_misplaced(&mut self, path: String) {
        if let Some(evidence) = self.evidence() {
            evidence.file_misplaced(path);
        }
    }

    fn evidence(&mut self) -> Option<&mut Evidence> {
        if self.evidence.is_none() {
            self.evidence = Some(Evidence::new(self.domain()?));
        }
        self.evidence.as_mut()
    }

    /// Objects that others refer to and that were not filed.
    pub fn missing(&self) -> Vec<(ObjectKind, Hash)> {
        self.check().missing
    }

    fn check(&self) -> crate::evidence::Checked {
        let nodes = &self.options.nodes;
        let empty;
        let evidence = match (&self.evidence, self.domain()) {
            (Some(evidence), _) => evidence,
            (None, Some(domain)) => {
                empty = Evidence::new(domain);
                &empty
            }
            (None, None) => return Default::default(),
        };
        let mut checked = evidence.check(&self.replay.sessions, |session| {
            nodes.is_empty() || nodes.contains(&session.opened.node)
        });
        checked.findings.extend(evidence.check_batches(&self.replay.batches));
        checked
    }

    /// Compares with the accounts and sums up.
    pub fn finish(self, chain: &Snapshot) -> Report {
        let network = pda::network();
        if chain.accounts.contains_key(&network) && !self.replay.world.exists(&network) {
            // Without the beginning every other statement would be noise.
            let detail = "the RPC's history begins after the network was created: nothing can be \
                          rebuilt from it. Ask a node that keeps the whole ledger";
            let mut findings = self.lost;
            findings.insert(0, Finding::fault(FindingKind::HistoryIncomplete, detail));
            let totals = Totals { transactions: self.replay.transactions, ..Totals::default() };
            return Report::new(totals, Vec::new(), findings);
        }
        let checked = self.check();
        let compared = compare(&self.replay.world, chain, self.options.clock_tolerance_secs);
        let mut totals = Totals {
            transactions: self.replay.transactions,
            sessions: self.replay.sessions.len(),
            minutes: checked.minutes.len(),
            billed_micro_usdc: checked.minutes.iter().map(|m| m.amount_micro_usdc).sum(),
            ..Totals::default()
        };
        for session in self.replay.sessions.values() {
            let redeemed = session.redeems.last().map_or(0, |redeem| redeem.settled_micro_usdc);
            let claimed = session.claims.last().map_or(0, |claim| claim.settled_micro_usdc);
            totals.settled_micro_usdc += redeemed.max(claimed);
            for claim in &session.claims {
                totals.operators_micro_usdc += claim.split.operator_micro_usdc;
                totals.settlers_micro_usdc += claim.split.settler_micro_usdc;
                totals.treasury_micro_usdc += claim.split.treasury_micro_usdc;
            }
            for redeem in &session.redeems {
                totals.operators_micro_usdc += redeem.operator_micro_usdc;
                totals.treasury_micro_usdc += redeem.treasury_micro_usdc;
            }
        }
        let mut findings = self.lost;
        findings.extend(self.replay.findings);
        findings.extend(compared);
        findings.extend(checked.findings);
        Report::new(totals, checked.minutes, findings)
    }
}
