//! `heliograph reputation`.

mod crank;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

/// Have nodes scored and old epochs closed
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Have nodes scored and old epochs closed. The program computes every score by \
    itself; somebody has to send the transactions.",
    after_long_help = "EXAMPLE\n  heliograph reputation crank"
)]
pub enum Reputation {
    /// Score every node that can be scored, close what is not needed any more
    Crank(crank::Crank),
}

impl Reputation {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Crank(crank) => crank.execute(context).await,
        }
    }
}
