//! `heliograph node`: nodes on chain.

mod lifecycle;
mod register;
mod status;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_registry::state::NodeStatus;

/// Register nodes, show them, take them in and out of service
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Register nodes, show them, take them in and out of service.\n\n\
    A node is registered by its operator (--keypair), then staked (`heliograph stake deposit`), \
    then activated. From then on apps open sessions with it.",
    after_long_help = "EXAMPLES\n  \
    heliograph key new node.json\n  \
    heliograph node register --node-key node.json --payout WALLET --endpoint http://203.0.113.7:7880 \\\n    \
      --country DE --service transcription --price-transcription 5000 --capacity 4\n  \
    heliograph stake deposit node.json 1000\n  \
    heliograph node activate node.json\n  \
    heliograph node status node.json"
)]
pub enum Node {
    /// Register a node, or replace its profile if it is registered already
    Register(Box<register::Register>),
    /// Show one node with its stake, sessions and earnings, or all nodes
    Status(status::Status),
    /// Offer the node to apps; requires the minimum stake
    Activate(lifecycle::Lifecycle),
    /// Take no new sessions; those open go on
    Drain(lifecycle::Lifecycle),
    /// Leave for good; the node key cannot be registered again
    Exit(lifecycle::Lifecycle),
    /// Take the node out of jail once its time is over
    Unjail(lifecycle::Unjail),
}

impl Node {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Register(register) => register.execute(context).await,
            Self::Status(status) => status.execute(context).await,
            Self::Activate(lifecycle) => lifecycle.execute(context, NodeStatus::Active).await,
            Self::Drain(lifecycle) => lifecycle.execute(context, NodeStatus::Draining).await,
            Self::Exit(lifecycle) => lifecycle.execute(context, NodeStatus::Exited).await,
            Self::Unjail(unjail) => unjail.execute(context).await,
        }
    }
}

pub use lifecycle::Lifecycle;
pub use register::{Register, parse_country};

/// A status as a word.
pub const fn status_name(status: NodeStatus) -> &'static str {
    match status {
        NodeStatus::Pending => "pending",
        NodeStatus::Active => "active",
        NodeStatus::Draining => "draining",
        NodeStatus::Jailed => "jailed",
        NodeStatus::Exited => "exited",
    }
}
