//! `heliograph challenge`: disputes about leaves of batches.

mod answer;
mod close;
mod fail;
mod open;
mod show;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_settlement::state::ChallengeStatus;

/// Demand the voucher behind a batch's leaf, or show it
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Demand the voucher behind a batch's leaf, or show it.\n\n\
    Whoever doubts a leaf puts down a bond in USDC. While a challenge is open nothing is paid from \
    the settler's book. If the settler shows the voucher, it gets the bond; if nobody does in time, \
    the bond goes back, everything the settler has posted so far is void, and the failed challenge \
    stays on chain as evidence.",
    after_long_help = "EXAMPLES\n  \
    heliograph challenge open SETTLER_KEY 29748012 3\n  \
    heliograph challenge show\n  \
    heliograph challenge answer CHALLENGE VOUCHER_FILE --leaves leaves.json\n  \
    heliograph challenge fail CHALLENGE\n  \
    heliograph challenge close CHALLENGE"
)]
pub enum Challenge {
    /// Challenge a leaf; puts down the bond
    Open(open::Open),
    /// Show the voucher behind a challenged leaf; the settler gets the bond
    Answer(answer::Answer),
    /// Say that a challenge was not answered in time
    Fail(fail::Fail),
    /// Close a failed challenge that no case can need any more; its rent comes back
    Close(close::Close),
    /// Show one challenge, or all
    Show(show::Show),
}

impl Challenge {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Open(open) => open.execute(context).await,
            Self::Answer(answer) => answer.execute(context).await,
            Self::Fail(fail) => fail.execute(context).await,
            Self::Close(close) => close.execute(context).await,
            Self::Show(show) => show.execute(context).await,
        }
    }
}

/// A status as a word.
const fn status_name(status: ChallengeStatus) -> &'static str {
    match status {
        ChallengeStatus::Open => "open",
        ChallengeStatus::Failed => "failed",
    }
}
