//! `heliograph speech`.

mod host;
mod key;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

/// Host a session for who carries its keys, make keys
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Host a session for who carries its keys, make keys.\n\n\
    A session key is a text. Whoever has it streams audio to the node, or sends it files, until the \
    seconds it has bought are used; the app that made it pays, for as long as it hosts the session.",
    after_long_help = "EXAMPLES\n  \
    heliograph session open --node NODE_KEY --cap 1 --hours 24\n  \
    heliograph speech host --session SESSION --voucher-signer voucher.json\n  \
    heliograph speech key --session SESSION --signer voucher.json --id visitor-17 --seconds 300\n  \
    curl NODE/v1/audio/transcriptions -H 'Authorization: Bearer KEY' -F file=@talk.mp3"
)]
pub enum Speech {
    Host(host::Host),
    Key(key::Key),
}

impl Speech {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Host(host) => host.execute(context).await,
            Self::Key(key) => key.execute(),
        }
    }
}
