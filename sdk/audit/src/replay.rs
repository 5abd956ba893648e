//! Carrying the history out again with the rules of `heliograph-protocol`.
//!
//! Nothing here believes an event or a balance: amounts are computed from instructions and
//! messages, then events, transfers and balances must say the same.

mod registry;
mod reputation;
mod settlement;
mod slashing;
mod staking;
mod step;
#[cfg(test)]
mod tests;

use crate::finding::{Finding, FindingKind, Severity};
use crate::history::{Calls, Move, balance_changes, sum, upgrades};
use crate::world::World;
use heliograph_client::pda;
use heliograph_client::rpc::Transaction;
use heliograph_protocol::batch::BatchHeader;
use heliograph_protocol::hash::Hash;
use heliograph_protocol::shares::Split;
use heliograph_settlement::ClaimLeaf;
use heliograph_settlement::state::Session;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use std::collections::BTreeMap;
pub(crate) use step::Step;

/// Orders tried for one slot, per transaction in it. A node that lists a slot in the order of
/// execution needs one.
const ATTEMPTS_PER_TRANSACTION: usize = 64;

/// A session of the history, closed ones included.
#[derive(Clone, Debug)]
pub(crate) struct SessionHistory {
    /// As it was opened: what was agreed.
    pub opened: Session,
    /// Key that signs its receipts.
    pub node_key: Pubkey,
    /// In the order executed.
    pub redeems: Vec<Redeem>,
    /// Leaves of batches that paid something, in the order executed.
    pub claims: Vec<Claimed>,
}

/// A voucher that was paid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Redeem {
    pub transaction: Signature,
    pub voucher_hash: Hash,
    pub sequence: u32,
    pub receipt_hash: Hash,
    /// What the session had settled afterwards.
    pub settled_micro_usdc: u64,
    pub operator_micro_usdc: u64,
    pub treasury_micro_usdc: u64,
}

/// A leaf that was paid.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claimed {
    pub transaction: Signature,
    pub leaf: ClaimLeaf,
    /// What the session had settled afterwards.
    pub settled_micro_usdc: u64,
    pub split: Split,
}

/// What a step does besides writing accounts.
#[derive(Debug)]
pub(crate) enum Effect {
    Opened { session: Pubkey, node_key: Pubkey, terms: Box<Session> },
    Redeemed { session: Pubkey, redeem: Redeem },
    Claimed { session: Pubkey, claim: Claimed },
    Posted { header: BatchHeader },
}

/// One attempt at a transaction.
#[derive(Debug, Default)]
struct Attempt {
    faults: Vec<Finding>,
    /// Calls that could not be carried out to their end.
    stopped: usize,
    /// What does not speak against it.
    notices: Vec<Finding>,
    effects: Vec<Effect>,
}

/// The history, carried out as far as it was given.
#[derive(Debug)]
pub(crate) struct Replay {
    pub world: World,
    pub sessions: BTreeMap<Pubkey, SessionHistory>,
    /// By settler and minute; no minute is posted twice.
    pub batches: BTreeMap<(Pubkey, u64), BatchHeader>,
    pub findings: Vec<Finding>,
    /// Transactions carried out that called one of the programs.
    pub transactions: usize,
    clock_tolerance_secs: i64,
    /// Time of the last transaction that had one.
    last_unix_secs: i64,
}

impl Replay {
    /// `clock_tolerance_secs`: how far the time a program saw may lie from the block's.
    pub fn new(clock_tolerance_secs: u32) -> Self {
        Self {
            world: World::default(),
            sessions: BTreeMap::new(),
            batches: BTreeMap::new(),
            findings: Vec::new(),
            transactions: 0,
            clock_tolerance_secs: clock_tolerance_secs.into(),
            last_unix_secs: 0,
        }
    }

    /// Carries out transactions, oldest first. Failed ones changed nothing and are left out.
    pub fn carry_out(&mut self, transactions: &[Transaction]) {
        let done: Vec<&Transaction> = transactions.iter().filter(|t| t.err.is_none()).collect();
        for transaction in &done {
            for program in upgrades(transaction) {
                let notice = Finding {
                    severity: Severity::Notice,
                    ..Finding::fault(
                        FindingKind::ProgramUpgraded,
                        format!("program {program} has other bytes from here on"),
                    )
                };
                self.findings.push(notice.transaction(transaction.signature));
            }
        }
        for slot in done.chunk_by(|a, b| a.slot == b.slot) {
            let slot: Vec<_> = slot.iter().map(|t| (*t, Calls::of(t))).collect();
            self.slot(slot.iter().filter(|(_, calls)| !calls.calls.is_empty()).collect());
        }
    }

    /// The transactions of one slot: their order is certain only among those of one program, so the
    /// first order is taken in which every one of them follows the rules.
    fn slot(&mut self, mut left: Vec<&(&Transaction, Calls<'_>)>) {
        while !left.is_empty() {
            let mut search = Search {
                budget: left.len().saturating_mul(ATTEMPTS_PER_TRANSACTION),
                remaining: (0..left.len()).collect(),
                ..Search::default()
            };
            let complete = self.search(&left, &mut search);
            if !complete {
                // As far as it goes by the rules, then the next one with what is wrong with it.
                search.path = Vec::new();
                for index in search.longest {
                    let attempt = self.least_faulty(left[index]);
                    search.path.push((index, attempt));
                }
                let done: Vec<usize> = search.path.iter().map(|(index, _)| *index).collect();
                if let Some(next) = (0..left.len()).find(|index| !done.contains(index)) {
                    let attempt = self.least_faulty(left[next]);
                    search.path.push((next, attempt));
                }
            }
            let mut done: Vec<usize> = Vec::new();
            for (index, attempt) in search.path {
                done.push(index);
                self.accept(left[index].0, attempt);
            }
            self.world.commit();
            done.sort_unstable();
            for index in done.into_iter().rev() {
                left.remove(index);
            }
        }
    }

    fn search(&mut self, slot: &[&(&Transaction, Calls<'_>)], search: &mut Search) -> bool {
        if search.remaining.is_empty() {
            return true;
        }
        for position in 0..search.remaining.len() {
            if search.budget == 0 {
                return false;
            }
            search.budget -= 1;
            let index = search.remaining[position];
            let mark = self.world.mark();
            let attempt = self.least_faulty(slot[index]);
            if attempt.faults.is_empty() {
                search.remaining.remove(position);
                search.path.push((index, attempt));
                if search.path.len() > search.longest.len() {
                    search.longest = search.path.iter().map(|(index, _)| *index).collect();
                }
                if self.search(slot, search) {
                    return true;
                }
                search.path.pop();
                search.remaining.insert(position, index);
            }
            self.world.roll_back(mark);
        }
        false
    }

    /// Carries a transaction out at the time, of those its block allows, that explains it best.
    fn least_faulty(&mut self, (transaction, calls): &(&Transaction, Calls<'_>)) -> Attempt {
        let block = transaction.block_time.unwrap_or(self.last_unix_secs);
        // Programs read the time the block began with, so most often the block's or a little less.
        let earlier = (0..=self.clock_tolerance_secs).map(|secs| block - secs);
        let later = (1..=self.clock_tolerance_secs).map(|secs| block + secs);
        let mark = self.world.mark();
        let mut best: Option<(i64, (usize, usize))> = None;
        for now in earlier.chain(later) {
            let attempt = self.attempt(transaction, calls, now);
            if attempt.faults.is_empty() {
                return attempt;
            }
            // What ended early has fewer faults because it explains less.
            let faults = (attempt.stopped, attempt.faults.len());
            if best.is_none_or(|(_, least)| faults < least) {
                best = Some((now, faults));
            }
            self.world.roll_back(mark);
        }
        self.attempt(transaction, calls, best.map_or(block, |(now, _)| now))
    }

    fn attempt(&mut self, transaction: &Transaction, calls: &Calls<'_>, now: i64) -> Attempt {
        let mut attempt = Attempt::default();
        let mut expected: Vec<Move> = Vec::new();
        for place in 0..calls.calls.len() {
            let mut step = Step::new(&mut self.world, transaction, (&calls.calls, place), now);
            let call = &calls.calls[place];
            let outcome = match call.program {
                pda::REGISTRY => registry::apply(&mut step),
                pda::STAKING => staking::apply(&mut step),
                pda::REPUTATION => reputation::apply(&mut step),
                pda::SLASHING => slashing::apply(&mut step),
                _ => settlement::apply(&mut step),
            };
            if let Err(fault) = outcome {
                step.faults.push(*fault);
                attempt.stopped += 1;
            } else {
                step.check_outputs();
            }
            expected.append(&mut step.moves);
            attempt.effects.append(&mut step.effects);
            attempt.faults.append(&mut step.faults);
            attempt.notices.append(&mut step.notices);
        }
        attempt.faults.extend(balances(transaction, &expected, &calls.foreign));
        for fault in attempt.faults.iter_mut().chain(&mut attempt.notices) {
            fault.transaction = Some(transaction.signature);
        }
        attempt
    }

    fn accept(&mut self, transaction: &Transaction, attempt: Attempt) {
        self.transactions += 1;
        self.last_unix_secs = transaction.block_time.unwrap_or(self.last_unix_secs);
        self.findings.extend(attempt.faults);
        self.findings.extend(attempt.notices);
        for effect in attempt.effects {
            match effect {
                Effect::Opened { session, node_key, terms } => {
                    let history = SessionHistory {
                        opened: *terms,
                        node_key,
                        redeems: Vec::new(),
                        claims: Vec::new(),
                    };
                    self.sessions.insert(session, history);
                }
                Effect::Redeemed { session, redeem } => {
                    if let Some(history) = self.sessions.get_mut(&session) {
                        history.redeems.push(redeem);
                    }
                }
                Effect::Posted { header } => {
                    self.batches.insert((header.settler.into(), header.minute_index), header);
                }
                Effect::Claimed { session, claim } => {
                    if let Some(history) = self.sessions.get_mut(&session) {
                        history.claims.push(claim);
                    }
                }
            }
        }
    }
}

/// A search for an order of one slot's transactions.
#[derive(Default)]
struct Search {
    remaining: Vec<usize>,
    path: Vec<(usize, Attempt)>,
    longest: Vec<usize>,
    budget: usize,
}

/// Whether the token accounts that the network's instructions moved tokens of changed as the
/// transfers of the whole transaction say.
fn balances(transaction: &Transaction, expected: &[Move], foreign: &[Move]) -> Vec<Finding> {
    let actual = balance_changes(transaction);
    let due = sum(expected.iter().chain(foreign));
    let concerned = sum(expected.iter());
    concerned
        .keys()
        .filter_map(|account| {
            let due = due.get(account).copied().unwrap_or(0);
            // What the node does not list at all has not changed; what it lists in part is unknown.
            let found = actual.get(account).copied().unwrap_or(Some(0))?;
            (due != found).then(|| {
                Finding::fault(
                    FindingKind::BalanceWrong,
                    format!("token account {account} changed by {found}, expected {due}"),
                )
            })
        })
        .collect()
}
