//! `heliograph session`: sessions between an app and nodes.

mod close;
mod end;
mod list;
mod open;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

/// Open, list, end and close sessions with nodes
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Open, list, end and close sessions with nodes.\n\n\
    A session fixes with one node what is bought, at which price, up to which sum and until when. \
    `heliograph transcribe` opens one by itself; a session opened here can serve many recordings. \
    Channels, the totals between an app and a node, are opened along the way.",
    after_long_help = "EXAMPLES\n  \
    heliograph session open --node NODE_KEY --cap 1 --hours 24\n  \
    heliograph transcribe a.wav --voucher-signer voucher.json --session SESSION\n  \
    heliograph session list\n  \
    heliograph session end SESSION\n  \
    heliograph session close"
)]
pub enum Session {
    /// Open a session, and a channel if there is none with the node
    Open(open::Open),
    /// List the app's sessions
    List(list::List),
    /// End a session now; its vouchers stay redeemable for the grace time
    End(end::End),
    /// Close sessions whose vouchers can no longer be redeemed; their rent comes back
    Close(close::Close),
}

impl Session {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Open(open) => open.execute(context).await,
            Self::List(list) => list.execute(context).await,
            Self::End(end) => end.execute(context).await,
            Self::Close(close) => close.execute(context).await,
        }
    }
}
