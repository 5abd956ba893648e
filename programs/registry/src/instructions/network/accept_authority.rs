use crate::error::RegistryError;
use crate::events::AuthorityChanged;
use crate::seeds;
use crate::state::Network;
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct AcceptAuthority<'info> {
    pub pending_authority: Signer<'info>,
    #[account(
        mut,
        has_one = pending_authority @ RegistryError::NotPendingAuthority,
        seeds = [seeds::NETWORK],
        bump = network.bump
    )]
    pub network: Box<Account<'info, Network>>,
}

impl AcceptAuthority<'_> {
    pub fn handle(ctx: Context<AcceptAuthority>) -> Result<()> {
        let network = &mut ctx.accounts.network;
        let authority = std::mem::take(&mut network.pending_authority);
        let old_authority = std::mem::replace(&mut network.authority, authority);
        emit_cpi!(AuthorityChanged { old_authority, authority });
        Ok(())
    }
}
