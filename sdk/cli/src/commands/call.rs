//! `heliograph call`.

mod host;
mod join;
mod minutes;
mod token;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

pub use host::{Host, Hosted};
pub use join::{Join, Joined, Media, take_part};
pub use minutes::describe as describe_minutes;
pub use token::make as make_token;

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
