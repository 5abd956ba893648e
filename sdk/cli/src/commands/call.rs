//! `heliograph call`.

mod host;
mod join;
mod minutes;
mod token;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

pub use host::Host;
pub use join::{Join, Media, take_part};

/// Calls.
#[derive(Debug, Subcommand)]
pub enum Call {
    Host(Box<Host>),
    Token(token::Token),
    Join(Join),
}

impl Call {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Host(host) => host.execute(context).await,
            Self::Token(token) => token.execute(),
            Self::Join(join) => join.execute(context).await,
        }
    }
}
