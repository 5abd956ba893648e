//! Staking: the deposits that stand behind nodes and keepers.
//!
//! Owns `Position` and `Delegation` accounts and the token vault of each position. A position's bonded amount is reported to
//! the registry, which decides whether its subject may be active.
#![allow(clippy::result_large_err, reason = "Anchor's error type, in every signature")]

use anchor_lang::prelude::*;

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

pub mod error;
pub mod events;
pub mod instructions;
pub mod recorder;
pub mod seeds;
pub mod state;
pub mod vault;

pub use instructions::*;

declare_id!("stFtHY698dAqZ76JBwKY5oucnoPMLMJA6hxoCXzLHdw");

#[program]
pub mod heliograph_staking {
    use super::*;

    /// Opens the position of a node or keeper, with a vault of its own. Its owner signs.
    pub fn open_position(ctx: Context<OpenPosition>) -> Result<()> {
        OpenPosition::handle(ctx)
    }

    /// Bonds `amount` of the position's mint.
    pub fn deposit(ctx: Context<Deposit>, amount: u64) -> Result<()> {
        Deposit::handle(ctx, amount)
    }

    /// Starts the cooldown of `amount`. It stays in the vault, slashable, until withdrawn.
    pub fn unbond(ctx: Context<Unbond>, amount: u64) -> Result<()> {
        Unbond::handle(ctx, amount)
    }

    /// Pays out everything whose cooldown is over.
    pub fn withdraw(ctx: Context<Withdraw>) -> Result<()> {
        Withdraw::handle(ctx)
    }

    /// Takes up to `amount` of a position's stake, unbonding and delegated stake too, and returns
    /// what was taken. Only the slashing program can call it.
    pub fn slash(ctx: Context<Slash>, amount: u64) -> Result<u64> {
        Slash::handle(ctx, amount)
    }

    /// Holds up to `amount` of a position's stake for a case and returns what is held. Only the
    /// slashing program can call it.
    pub fn hold(ctx: Context<Holding>, amount: u64) -> Result<u64> {
        Holding::hold(ctx, amount)
    }

    /// Lets go of up to `amount` of what is held and returns what is let go. Only the slashing
    /// program can call it.
    pub fn release_hold(ctx: Context<Holding>, amount: u64) -> Result<u64> {
        Holding::release(ctx, amount)
    }

    /// Opens the account in which somebody delegates to a node. The delegator signs.
    pub fn open_delegation(ctx: Context<OpenDelegation>) -> Result<()> {
        OpenDelegation::handle(ctx)
    }

    /// Puts `amount` of the stake mint behind a node, slashable with its own.
    pub fn delegate(ctx: Context<Delegate>, amount: u64) -> Result<()> {
        Delegate::handle(ctx, amount)
    }

    /// Starts the cooldown of `shares`. They stay slashable and earn nothing any more.
    pub fn undelegate(ctx: Context<Undelegate>, shares: u64) -> Result<()> {
        Undelegate::handle(ctx, shares)
    }

    /// Pays out what the shares whose cooldown is over are worth.
    pub fn withdraw_delegation(ctx: Context<WithdrawDelegation>) -> Result<()> {
        WithdrawDelegation::handle(ctx)
    }

    /// Divides an amount of the payment mint among a node's delegators. Anybody can.
    pub fn add_rewards(ctx: Context<AddRewards>, amount_micro_usdc: u64) -> Result<()> {
        AddRewards::handle(ctx, amount_micro_usdc)
    }

    /// Pays a delegator what its shares have earned.
    pub fn claim_rewards(ctx: Context<ClaimRewards>) -> Result<()> {
        ClaimRewards::handle(ctx)
    }

    /// Closes a delegation that holds nothing; the rent goes to the delegator.
    pub fn close_delegation(ctx: Context<CloseDelegation>) -> Result<()> {
        CloseDelegation::handle(ctx)
    }
}
