//! Staking: the deposits that stand behind nodes and keepers.
//!
//! Owns `Position` accounts and the token vault of each. A position's bonded amount is reported to
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
}
