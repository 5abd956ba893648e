//! `heliograph bench`: what the network costs and how fast it is, measured on this machine.

mod batches;
mod chain;
mod document;
mod instructions;
mod machine;
mod settlement;
mod sfu;
mod statistics;
mod stt;

use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::{Context as _, Result};
use clap::Subcommand;
use document::All;
use std::path::{Path, PathBuf};
pub(super) use stt::MODELS;

/// Measure costs and speed on this machine
// No comments on the variants: they would take the place of the commands' own help.
#[derive(Debug, Subcommand)]
pub enum Bench {
    Chain(chain::Chain),
    Settlement(batches::Batches),
    Sfu(sfu::Sfu),
    Stt(Box<stt::Stt>),
    All(All),
}

impl Bench {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Chain(chain) => chain.execute(context).await,
            Self::Settlement(batches) => batches.execute(context).await,
            Self::Sfu(sfu) => sfu.execute(context).await,
            Self::Stt(stt) => Box::pin(stt.execute(context)).await,
            Self::All(all) => all.execute(context).await,
        }
    }
}

/// A program of this workspace: the one given, or the one beside this program.
pub(super) fn program(given: Option<&Path>, name: &str) -> Result<PathBuf> {
    let path = match given {
        Some(path) => path.to_owned(),
        None => std::env::current_exe()?.with_file_name(name),
    };
    if path.is_file() {
        return Ok(path);
    }
    Err(usage(format!("there is no {name} program at {}: build it first", path.display())))
}

/// Where the set-up scripts keep what they fetch.
pub(super) fn cache() -> Result<PathBuf> {
    let given = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = given("HELIOGRAPH_CACHE") {
        return Ok(folder);
    }
    match given("XDG_CACHE_HOME") {
        Some(folder) => Ok(folder.join("heliograph")),
        None => Ok(crate::context::home().context("no cache folder")?.join(".cache/heliograph")),
    }
}
