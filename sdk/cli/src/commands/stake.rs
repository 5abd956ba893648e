//! `heliograph stake`: deposits behind nodes and keepers, and what others delegate to nodes.

mod add_rewards;
mod claim_rewards;
mod close_delegation;
mod delegate;
mod delegation;
mod deposit;
mod rewards;
mod unbond;
mod undelegate;
mod withdraw;
mod withdraw_delegation;

use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_client::{Rpc, account, pda};
use heliograph_staking::state::{Delegation, Position};
use solana_pubkey::Pubkey;

/// Put stake behind a node or keeper and take it back; delegate to nodes
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Put stake behind a node or keeper and take it back; delegate to nodes.\n\n\
    Nodes and observers stake the network's stake mint, settlers bond USDC. Stake belongs to the \
    operator or owner (--keypair). It comes back in two steps: unbond starts the cooldown, withdraw \
    pays out what has passed it. Amounts are whole tokens, with a decimal point where needed.\n\n\
    Anybody can delegate to a node: delegated stake is slashed with the node's own and earns what is \
    given to the node's delegators as rewards. It comes back as stake does, by undelegate and \
    withdraw-delegation.",
    after_long_help = "EXAMPLES\n  \
    heliograph stake deposit node.json 1000.5\n  \
    heliograph stake unbond node.json 500\n  \
    heliograph stake withdraw node.json\n\n  \
    heliograph stake delegate NODE_KEY 250\n  \
    heliograph stake delegation NODE_KEY\n  \
    heliograph stake claim-rewards NODE_KEY\n  \
    heliograph stake undelegate NODE_KEY"
)]
pub enum Stake {
    /// Bond tokens behind a node or keeper
    Deposit(deposit::Deposit),
    /// Start the cooldown of some or all of the stake
    Unbond(unbond::Unbond),
    /// Pay out everything whose cooldown is over
    Withdraw(withdraw::Withdraw),
    /// Delegate tokens to a node
    Delegate(delegate::Delegate),
    /// Start the cooldown of some or all of what is delegated
    Undelegate(undelegate::Undelegate),
    /// Pay out what was undelegated and whose cooldown is over
    WithdrawDelegation(withdraw_delegation::WithdrawDelegation),
    /// Close a delegation that holds nothing; its rent comes back
    CloseDelegation(close_delegation::CloseDelegation),
    /// Show what somebody has delegated to a node
    Delegation(delegation::Delegation),
    /// Show a node's delegators and what they have earned
    Rewards(rewards::Rewards),
    /// Pay out a delegation's rewards
    ClaimRewards(claim_rewards::ClaimRewards),
    /// Divide USDC among a node's delegators
    AddRewards(add_rewards::AddRewards),
}

impl Stake {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Deposit(deposit) => deposit.execute(context).await,
            Self::Unbond(unbond) => unbond.execute(context).await,
            Self::Withdraw(withdraw) => withdraw.execute(context).await,
            Self::Delegate(delegate) => delegate.execute(context).await,
            Self::Undelegate(undelegate) => undelegate.execute(context).await,
            Self::WithdrawDelegation(withdraw) => withdraw.execute(context).await,
            Self::CloseDelegation(close) => close.execute(context).await,
            Self::Delegation(delegation) => delegation.execute(context).await,
            Self::Rewards(rewards) => rewards.execute(context).await,
            Self::ClaimRewards(claim) => claim.execute(context).await,
            Self::AddRewards(add) => add.execute(context).await,
        }
    }
}

pub use deposit::Deposit;

/// The stake behind a node or keeper.
async fn position(rpc: &Rpc, subject: &Pubkey) -> Result<(Pubkey, Position)> {
    let address = pda::position(subject);
    let position = account::find(rpc, &address).await?;
    let position = position.ok_or_else(|| {
        usage("there is no stake behind it yet: its owner begins with `heliograph stake deposit`")
    })?;
    Ok((address, position))
}

/// What `delegator` has delegated to a position.
async fn delegated(
    rpc: &Rpc,
    position: &Pubkey,
    delegator: &Pubkey,
) -> Result<(Pubkey, Delegation)> {
    let address = pda::delegation(position, delegator);
    let delegation = account::find(rpc, &address).await?;
    let delegation = delegation
        .ok_or_else(|| usage(format!("{delegator} has delegated nothing to this node")))?;
    Ok((address, delegation))
}

/// A delegation's rewards as they would be paid now; micro-USDC.
fn claimable(delegation: &Delegation, position: &Position) -> Result<u64> {
    let mut counted = delegation.clone();
    counted.count_rewards(position)?;
    Ok(counted.rewards_micro_usdc)
}

/// What shares of a position's pool are worth now, in units of its mint.
fn worth(position: &Position, shares: u64) -> u64 {
    let pool = heliograph_protocol::pool::Pool {
        tokens: position.delegated,
        shares: position.delegated_shares,
    };
    pool.value(shares).unwrap_or(0)
}
