use crate::error::RegistryError;
use crate::events::PauseChanged;
use crate::seeds;
use crate::state::Network;
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct Unpause<'info> {
    pub authority: Signer<'info>,
    #[account(
        mut,
        has_one = authority @ RegistryError::NotAuthority,
        seeds = [seeds::NETWORK],
        bump = network.bump
    )]
    pub network: Box<Account<'info, Network>>,
}

impl Unpause<'_> {
    pub fn handle(ctx: Context<Unpause>, functions: u32) -> Result<()> {
        let network = &mut ctx.accounts.network;
        let old_paused = network.paused;
        network.unpause(functions)?;
        let paused = network.paused;
        emit_cpi!(PauseChanged { signer: ctx.accounts.authority.key(), old_paused, paused });
        Ok(())
    }
}
