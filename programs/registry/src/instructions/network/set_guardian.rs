use crate::error::RegistryError;
use crate::events::GuardianChanged;
use crate::seeds;
use crate::state::Network;
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct SetGuardian<'info> {
    pub authority: Signer<'info>,
    #[account(
        mut,
        has_one = authority @ RegistryError::NotAuthority,
        seeds = [seeds::NETWORK],
        bump = network.bump
    )]
    pub network: Box<Account<'info, Network>>,
}

impl SetGuardian<'_> {
    /// At once: a guardian that pauses out of spite must not have a timelock to do it in.
    pub fn handle(ctx: Context<SetGuardian>, guardian: Pubkey) -> Result<()> {
        let network = &mut ctx.accounts.network;
        let old_guardian = std::mem::replace(&mut network.guardian, guardian);
        emit_cpi!(GuardianChanged { old_guardian, guardian });
        Ok(())
    }
}
