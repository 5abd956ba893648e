//! `heliograph case`: what nodes and keepers are tried for, and what comes of it.

mod close;
mod decide;
mod open;
mod refute;
mod restore;
mod show;

use crate::context::Context;
use crate::duration::duration;
use crate::exit::{Exit, usage};
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_slashing::state::{self, CaseKind, CaseStatus};
use serde_json::json;
use solana_pubkey::Pubkey;

/// Try nodes and keepers for what they did, and carry verdicts out
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Try nodes and keepers for what they did, and carry verdicts out.\n\n\
    Evidence and time decide, no key does; every command can be anybody's. Who opens a case puts \
    down lamports, which come back with a conviction and are the accused's otherwise. While a case is \
    open, what it may cost is held of the accused's stake.",
    after_long_help = "EXAMPLES\n  \
    heliograph case open challenge CHALLENGE\n  \
    heliograph case open downtime NODE_KEY\n  \
    heliograph case open equivocation RECEIPT_FILE RECEIPT_FILE\n  \
    heliograph case open fraud STATEMENT_FILE\n  \
    heliograph case open samples OBSERVER_KEY NODE_KEY --samples FILE\n  \
    heliograph case show\n  \
    heliograph case restore CASE\n  \
    heliograph case decide CASE\n  \
    heliograph case close CASE"
)]
pub enum Case {
    /// Open a case with evidence; puts down the bond
    #[command(subcommand)]
    Open(open::Open),
    /// Strike an epoch off a charge of downtime
    Refute(refute::Refute),
    /// Give apps back what a settler on trial took without a voucher
    Restore(restore::Restore),
    /// Carry a case out: penalty, payments, jail
    Decide(decide::Decide),
    /// Close a decided case; rent and bond go to who is due them
    Close(close::Close),
    /// Show one case, or all
    Show(show::Show),
}

impl Case {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Open(open) => open.execute(context).await,
            Self::Refute(refute) => refute.execute(context).await,
            Self::Restore(restore) => restore.execute(context).await,
            Self::Decide(decide) => decide.execute(context).await,
            Self::Close(close) => close.execute(context).await,
            Self::Show(show) => show.execute(context).await,
        }
    }
}

/// A kind as a word.
const fn kind_name(kind: CaseKind) -> &'static str {
    match kind {
        CaseKind::Equivocation => "equivocation",
        CaseKind::UnansweredChallenge => "unanswered challenge",
        CaseKind::Downtime => "downtime",
        CaseKind::ObserverFraud => "observer fraud",
    }
}

/// A status as a word.
const fn status_name(status: CaseStatus) -> &'static str {
    match status {
        CaseStatus::Open => "open",
        CaseStatus::Guilty => "guilty",
        CaseStatus::Dismissed => "dismissed",
    }
}

/// Refuses what only an open case allows.
fn check_open(case: &state::Case) -> Result<()> {
    match case.status {
        CaseStatus::Open => Ok(()),
        decided => Err(usage(format!("the case is decided: {}", status_name(decided)))),
    }
}

/// Nothing was sent because it is too early, `at` being the first second in which it is not.
fn too_early(address: &Pubkey, at: i64, now: i64) -> Result<Option<Outcome>> {
    let Ok(wait @ 1..) = u64::try_from(at.saturating_sub(now)) else { return Ok(None) };
    let document = json!({"case": address.to_string(), "wait_secs": wait});
    let text = format!("it is too early by {}: nothing was sent", duration(wait));
    Ok(Some(Outcome::new(&document, text)?.exiting(Exit::Retry)))
}
