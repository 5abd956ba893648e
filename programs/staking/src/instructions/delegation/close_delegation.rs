use crate::error::StakingError;
use crate::events::DelegationClosed;
use crate::seeds;
use crate::state::{Delegation, Position};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct CloseDelegation<'info> {
    /// Gets the rent back.
    #[account(mut)]
    pub delegator: Signer<'info>,
    pub position: Box<Account<'info, Position>>,
    #[account(
        mut,
        close = delegator,
        has_one = delegator @ StakingError::NotDelegator,
        has_one = position @ StakingError::OtherPosition,
        seeds = [
            seeds::DELEGATION,
            delegation.position.as_ref(),
            delegation.delegator.as_ref()
        ],
        bump = delegation.bump
    )]
    pub delegation: Box<Account<'info, Delegation>>,
}

impl CloseDelegation<'_> {
    pub fn handle(ctx: Context<CloseDelegation>) -> Result<()> {
        require!(ctx.accounts.delegation.is_empty(), StakingError::DelegationNotEmpty);
        emit_cpi!(DelegationClosed {
            delegation: ctx.accounts.delegation.key(),
            position: ctx.accounts.position.key(),
            delegator: ctx.accounts.delegator.key(),
        });
        Ok(())
    }
}
