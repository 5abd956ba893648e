use crate::events::HoldReleased;
use crate::seeds;
use crate::state::Position;
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;

/// Lets go of what a case held and has not taken.
#[event_cpi]
#[derive(Accounts)]
pub struct ReleaseHold<'info> {
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

impl ReleaseHold<'_> {
    /// Returns what is really let go.
    pub fn handle(ctx: Context<ReleaseHold>, requested: u64) -> Result<u64> {
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
