//! `heliograph observer`.

mod standing;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

/// Show how well observers do their work
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Show how well observers do their work. An observer is a keeper: `heliograph \
    keeper register --role observer`.",
    after_long_help = "EXAMPLE\n  heliograph observer standing OBSERVER_KEY"
)]
pub enum Observer {
    /// Show an observer's standing, or all
    Standing(standing::Standing),
}

impl Observer {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Standing(standing) => standing.execute(context).await,
        }
    }
}
