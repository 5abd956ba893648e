//! `heliograph bench`: what the network costs and how fast it is, measured on this machine.

mod batches;
mod chain;
mod document;
mod instructions;
mod machine;
mod settlement;
mod sfu;
mod speech;
mod statistics;

use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use document::All;

/// Measure costs and speed on this machine
// No comments on the variants: they would take the place of the commands' own help.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Chain(chain::Chain),
    Settlement(batches::Batches),
    Sfu(sfu::Sfu),
    All(All),
}

impl Bench {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Chain(chain) => chain.execute(context).await,
            Self::Settlement(batches) => batches.execute(context).await,
            Self::Sfu(sfu) => sfu.execute(context).await,
            Self::All(all) => all.execute(context).await,
        }
    }
}

/// A program of this workspace: the one given, or the one beside this program.
fn program(given: Option<&std::path::Path>, name: &str) -> Result<std::path::PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name(name),
    };
    if path.is_file() {
        return Ok(path);
    }
    Err(usage(format!("there is no {name} program at {}: build it first", path.display())))
}
