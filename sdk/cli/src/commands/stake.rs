//! `heliograph stake`: deposits behind a node.

mod deposit;
mod unbond;
mod withdraw;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

/// Put stake behind a node, and take it back
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Put stake behind a node, and take it back.\n\n\
    Stake is of the network's stake mint and belongs to the node's operator (--keypair). It comes \
    back in two steps: unbond starts the cooldown, withdraw pays out what has passed it. Amounts are \
    whole tokens, with a decimal point where needed.",
    after_long_help = "EXAMPLES\n  \
    heliograph stake deposit node.json 1000.5\n  \
    heliograph stake unbond node.json 500\n  \
    heliograph stake withdraw node.json"
)]
pub enum Stake {
    /// Bond tokens behind a node
    Deposit(deposit::Deposit),
    /// Start the cooldown of some or all of the stake
    Unbond(unbond::Unbond),
    /// Pay out everything whose cooldown is over
    Withdraw(withdraw::Withdraw),
}

impl Stake {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Deposit(deposit) => deposit.execute(context).await,
            Self::Unbond(unbond) => unbond.execute(context).await,
            Self::Withdraw(withdraw) => withdraw.execute(context).await,
        }
    }
}

pub use deposit::Deposit;
