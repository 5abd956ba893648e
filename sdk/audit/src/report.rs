//! What an audit says: totals, every minute, every finding.

use crate::finding::{Finding, Severity};
use serde::Serialize;
use std::fmt;

/// Sums over the history.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Successful transactions of the programs.
    pub transactions: usize,
    /// Sessions ever opened.
    pub sessions: usize,
    /// Minutes with a receipt in the archive.
    pub minutes: usize,
    /// What the receipts of those minutes add up to.
    pub billed_micro_usdc: u64,
    /// What redeemed vouchers and claimed leaves settled.
    pub settled_micro_usdc: u64,
    /// Of that, to operators.
    pub operators_micro_usdc: u64,
    /// Of that, to settlers.
    pub settlers_micro_usdc: u64,
    /// Of that, to the treasury.
    pub treasury_micro_usdc: u64,
}

/// Whether and by what a minute was paid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Settlement {
    /// Its own voucher was redeemed.
    Redeemed {
        /// In this transaction.
        transaction: String,
    },
    /// A later voucher was redeemed, which includes it; or an earlier one was in part, and the rest
    /// together with this.
    Covered {
        /// Minute of that voucher.
        by_sequence: u32,
        /// The transaction.
        transaction: String,
    },
    /// Paid with a leaf of a settler's batch.
    Claimed {
        /// In this transaction.
        transaction: String,
    },
    /// Not paid yet, or not in full.
    Unsettled,
}

/// One served minute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Minute {
    /// Session account.
    pub session: String,
    /// Ordinal in the session.
    pub sequence: u32,
    /// Seconds of the service used longest.
    pub secs: u32,
    /// Its price.
    pub amount_micro_usdc: u64,
    /// The session's sum up to and including it.
    pub cumulative_micro_usdc: u64,
    /// Name of its receipt.
    pub receipt_hash: String,
    /// Name of the voucher that answers it, if there is one.
    pub voucher_hash: Option<String>,
    /// Whether it was paid.
    pub settlement: Settlement,
}

/// The outcome of an audit.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Whether no finding is a fault.
    pub clean: bool,
    /// Sums.
    pub totals: Totals,
    /// By session, then in order.
    pub minutes: Vec<Minute>,
    /// What does not hold.
    pub findings: Vec<Finding>,
}

impl Report {
    pub(crate) fn new(totals: Totals, minutes: Vec<Minute>, findings: Vec<Finding>) -> Self {
        let clean = findings.iter().all(|finding| finding.severity < Severity::Fault);
        Self { clean, totals, minutes, findings }
    }

    /// Whether history, accounts and archive hold together.
    pub fn is_clean(&self) -> bool {
        self.clean
    }
}

/// Characters of a hash or signature in a table; JSON has them whole.
const SHORT: usize = 12;

fn short(text: &str) -> &str {
    text.get(..SHORT).unwrap_or(text)
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut session = "";
        for minute in &self.minutes {
            if minute.session != session {
                session = &minute.session;
                writeln!(f, "session {session}")?;
                writeln!(
                    f,
                    "  {:>6} {:>4} {:>12}  {:<SHORT$}  {:<SHORT$}  settled by",
                    "minute", "secs", "micro-USDC", "receipt", "voucher"
                )?;
            }
            writeln!(
                f,
                "  {:>6} {:>4} {:>12}  {:<SHORT$}  {:<SHORT$}  {}",
                minute.sequence,
                minute.secs,
                minute.amount_micro_usdc,
                short(&minute.receipt_hash),
                minute.voucher_hash.as_deref().map_or("-", short),
                minute.settlement,
            )?;
        }
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        let Totals { transactions, sessions, minutes, .. } = self.totals;
        writeln!(f, "{transactions} transactions, {sessions} sessions, {minutes} minutes")?;
        let Totals {
            settled_micro_usdc,
            operators_micro_usdc,
            settlers_micro_usdc,
            treasury_micro_usdc,
            ..
        } = self.totals;
        let to_settlers = match settlers_micro_usdc {
            0 => String::new(),
            some => format!("{some} to settlers, "),
        };
        writeln!(
            f,
            "settled {settled_micro_usdc} micro-USDC of {} billed: {operators_micro_usdc} to \
             operators, {to_settlers}{treasury_micro_usdc} to the treasury",
            self.totals.billed_micro_usdc
        )?;
        let faults = self.findings.iter().filter(|f| f.severity == Severity::Fault).count();
        match faults {
            0 => write!(f, "clean: history, accounts and archive agree"),
            1 => write!(f, "NOT CLEAN: 1 fault"),
            _ => write!(f, "NOT CLEAN: {faults} faults"),
        }
    }
}

impl fmt::Display for Settlement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Claimed { transaction } => write!(f, "{} (batch)", short(transaction)),
            Self::Redeemed { transaction } => write!(f, "{}", short(transaction)),
            Self::Covered { by_sequence, transaction } => {
                write!(f, "{} (minute {by_sequence})", short(transaction))
            }
            Self::Unsettled => write!(f, "not yet"),
        }
    }
}
