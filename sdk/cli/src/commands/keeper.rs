//! `heliograph keeper`: observers and settlers on chain.

mod lifecycle;
mod register;
mod status;
mod unjail;
mod update;

use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::Outcome;
use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use heliograph_registry::state::KeeperStatus;

pub use unjail::unjail;

/// Register observers and settlers, show them, take them in and out of service
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Register observers and settlers, show them, take them in and out of service.\n\n\
    An observer probes nodes and stakes the network's stake mint. A settler posts a batch each minute \
    and bonds USDC, because what it can do wrong costs USDC. Either belongs to a wallet (--keypair), \
    signs with a hot key of its own, and works only while it is active and its stake is at least the \
    minimum.",
    after_long_help = "EXAMPLES\n  \
    heliograph key new settler.json\n  \
    heliograph keeper register --role settler --keeper-key settler.json --payout WALLET \\\n    \
      --endpoint https://settler.example\n  \
    heliograph stake deposit settler.json 1000\n  \
    heliograph keeper activate settler.json\n  \
    heliograph keeper status settler.json"
)]
pub enum Keeper {
    /// Register an observer or a settler
    Register(Box<register::Register>),
    /// Replace a keeper's endpoint or payout account
    Update(update::Update),
    /// Go to work; requires the minimum stake
    Activate(lifecycle::Lifecycle),
    /// Stop working; `activate` goes on
    Suspend(lifecycle::Lifecycle),
    /// Leave for good; the key cannot be registered for this role again
    Exit(lifecycle::Lifecycle),
    /// Take a keeper out of jail once its time is over
    Unjail(unjail::Unjail),
    /// Show one keeper, or all
    Status(status::Status),
}

impl Keeper {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Register(register) => register.execute(context).await,
            Self::Update(update) => update.execute(context).await,
            Self::Activate(lifecycle) => lifecycle.execute(context, KeeperStatus::Active).await,
            Self::Suspend(lifecycle) => lifecycle.execute(context, KeeperStatus::Pending).await,
            Self::Exit(lifecycle) => lifecycle.execute(context, KeeperStatus::Exited).await,
            Self::Unjail(unjail) => unjail.execute(context).await,
            Self::Status(status) => status.execute(context).await,
        }
    }
}

/// What a keeper does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeeperRole {
    /// Probes nodes and posts what it saw
    Observer,
    /// Posts minute batches
    Settler,
}

impl From<KeeperRole> for heliograph_registry::state::KeeperRole {
    fn from(role: KeeperRole) -> Self {
        match role {
            KeeperRole::Observer => Self::Observer,
            KeeperRole::Settler => Self::Settler,
        }
    }
}

/// Which keeper.
#[derive(Debug, Args)]
pub struct Which {
    /// The keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
    /// The role, where the key is registered for both
    #[arg(long, value_enum)]
    pub role: Option<KeeperRole>,
}
