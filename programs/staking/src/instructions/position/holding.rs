use crate::events::{HoldReleased, StakeHeld};
use crate::seeds;
use crate::state::Position;
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;

/// Keeps stake from leaving while a case is open, or lets go of what the case has not taken. Moves
/// nothing: the registry need not be told.
#[event_cpi]
#[derive(Accounts)]
pub struct Holding<'info> {
    /// A PDA that only the slashing program can sign for.
    #[account(seeds = [seeds::SLASHER], bump, seeds::program = network.slashing_program)]
    pub slasher: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [seeds::POSITION, position.subject.as_ref()],
        bump = position.bump
    )]
    pub position: Box<Account<'info, Position>>,
}

impl Holding<'_> {
    /// Returns what is really held.
    pub fn hold(ctx: Context<Holding>, requested: u64) -> Result<u64> {
        let amount = ctx.accounts.position.hold(requested);
        let position = &ctx.accounts.position;
        emit_cpi!(StakeHeld {
            position: position.key(),
            requested,
            amount,
            held: position.held,
            held_delegated: position.held_delegated,
        });
        Ok(amount)
    }

    /// Returns what is really let go.
    pub fn release(ctx: Context<Holding>, requested: u64) -> Result<u64> {
        let amount = ctx.accounts.position.release_hold(requested);
        let position = &ctx.accounts.position;
        emit_cpi!(HoldReleased {
            position: position.key(),
            requested,
            amount,
            held: position.held,
            held_delegated: position.held_delegated,
        });
        Ok(amount)
    }
}
