use crate::error::RegistryError;
use crate::events::PauseChanged;
use crate::seeds;
use crate::state::Network;
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct Pause<'info> {
    /// The guardian, or the authority itself.
    pub signer: Signer<'info>,
    #[account(
        mut,
        constraint = [network.guardian, network.authority].contains(&signer.key())
            @ RegistryError::NotGuardian,
        seeds = [seeds::NETWORK],
        bump = network.bump
    )]
    pub network: Box<Account<'info, Network>>,
}

impl Pause<'_> {
    pub fn handle(ctx: Context<Pause>, functions: u32) -> Result<()> {
        let network = &mut ctx.accounts.network;
        let old_paused = network.paused;
        network.pause(functions)?;
        let paused = network.paused;
        emit_cpi!(PauseChanged { signer: ctx.accounts.signer.key(), old_paused, paused });
        Ok(())
    }
}
