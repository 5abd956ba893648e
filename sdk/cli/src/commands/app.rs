//! `heliograph app`: apps and their escrows.

mod bond;
mod create;
mod deposit;
mod rotate_signer;
mod status;
mod update;
mod withdraw;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::{Args, Subcommand};

pub use create::Create;
pub use deposit::Deposit;

/// Create an app, fund its escrow, rotate its voucher signer
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Create an app, fund its escrow, rotate its voucher signer.\n\n\
    An app belongs to a wallet (--keypair) and pays from its escrow. A separate key, the voucher \
    signer, signs for each minute served; it can be rotated and expires, so that a machine that \
    transcribes never holds the wallet.",
    after_long_help = "EXAMPLES\n  \
    heliograph key new voucher.json\n  \
    heliograph app create --voucher-signer voucher.json --country DE --country FR\n  \
    heliograph app deposit 5\n  \
    heliograph app bond NODE_KEY 2\n  \
    heliograph app status\n  \
    heliograph app withdraw 2.5"
)]
pub enum App {
    /// Create an app and its escrow
    Create(Box<create::Create>),
    /// Show an app, its escrow and its sessions
    Status(status::Status),
    /// Put USDC into the escrow
    Deposit(deposit::Deposit),
    /// Put part of the escrow behind the channel with one node, or make it available again
    Bond(bond::Bond),
    /// Ask for USDC back, and carry the withdrawal out once its notice is over
    Withdraw(withdraw::Withdraw),
    /// Replace the key that signs vouchers
    RotateSigner(rotate_signer::RotateSigner),
    /// Replace price ceilings or countries
    Update(update::Update),
}

impl App {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Create(create) => create.execute(context).await,
            Self::Status(status) => status.execute(context).await,
            Self::Deposit(deposit) => deposit.execute(context).await,
            Self::Bond(bond) => bond.execute(context).await,
            Self::Withdraw(withdraw) => withdraw.execute(context).await,
            Self::RotateSigner(rotate) => rotate.execute(context).await,
            Self::Update(update) => update.execute(context).await,
        }
    }
}

/// Which of the wallet's apps.
#[derive(Clone, Copy, Debug, Default, Args)]
pub struct AppId {
    /// Number of the app among those of the wallet
    #[arg(long = "app-id", value_name = "ID", default_value_t = 0)]
    pub id: u32,
}
