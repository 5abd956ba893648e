use crate::error::StakingError;
use crate::events::DelegationOpened;
use crate::seeds;
use crate::state::{Delegation, Position, Role, UNDELEGATION_SLOTS, Undelegation};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct OpenDelegation<'info> {
    /// Pays the rent and gets it back.
    #[account(mut)]
    pub delegator: Signer<'info>,
    #[account(constraint = position.role == Role::Node @ StakingError::NotDelegable)]
    pub position: Box<Account<'info, Position>>,
    #[account(
        init,
        payer = delegator,
        space = Delegation::DISCRIMINATOR.len() + Delegation::INIT_SPACE,
        seeds = [seeds::DELEGATION, position.key().as_ref(), delegator.key().as_ref()],
        bump
    )]
    pub delegation: Box<Account<'info, Delegation>>,
    pub system_program: Program<'info, System>,
}

impl OpenDelegation<'_> {
    pub fn handle(ctx: Context<OpenDelegation>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let (position, delegator) = (accounts.position.key(), accounts.delegator.key());
        accounts.delegation.set_inner(Delegation {
            version: Delegation::VERSION,
            bump: ctx.bumps.delegation,
            position,
            delegator,
            shares: 0,
            undelegating: [Undelegation::default(); UNDELEGATION_SLOTS],
            counted_per_share: accounts.position.reward_per_share,
            rewards_micro_usdc: 0,
            reserved: [0; 64],
        });
        let delegation = ctx.accounts.delegation.key();
        emit_cpi!(DelegationOpened { delegation, position, delegator });
        Ok(())
    }
}
