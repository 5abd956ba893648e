use crate::error::RegistryError;
use crate::events::AuthorityProposed;
use crate::seeds;
use crate::state::Network;
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct ProposeAuthority<'info> {
    pub authority: Signer<'info>,
    #[account(
        mut,
        has_one = authority @ RegistryError::NotAuthority,
        seeds = [seeds::NETWORK],
        bump = network.bump
    )]
    pub network: Box<Account<'info, Network>>,
}

impl ProposeAuthority<'_> {
    /// Zero takes a proposal back. The authority stays who it is until the other one has signed, so
    /// a mistyped key cannot take the network away.
    pub fn handle(ctx: Context<ProposeAuthority>, pending_authority: Pubkey) -> Result<()> {
        let network = &mut ctx.accounts.network;
        let old_pending_authority =
            std::mem::replace(&mut network.pending_authority, pending_authority);
        emit_cpi!(AuthorityProposed {
            authority: ctx.accounts.authority.key(),
            old_pending_authority,
            pending_authority,
        });
        Ok(())
    }
}
