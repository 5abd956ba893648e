use crate::events::StakeHeld;
use crate::seeds;
use crate::state::Position;
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;

/// Keeps stake from leaving while a case is open. Moves nothing: the registry need not be told.
#[event_cpi]
#[derive(Accounts)]
pub struct Hold<'info> {
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

impl Hold<'_> {
    /// Returns what is really held.
    pub fn handle(ctx: Context<Hold>, requested: u64) -> Result<u64> {
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
}
