use crate::error::StakingError;
use crate::events::StakeUndelegating;
use crate::seeds;
use crate::state::{Delegation, Position};
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;

#[event_cpi]
#[derive(Accounts)]
pub struct Undelegate<'info> {
    pub delegator: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [seeds::POSITION, position.subject.as_ref()],
        bump = position.bump
    )]
    pub position: Box<Account<'info, Position>>,
    #[account(
        mut,
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

impl Undelegate<'_> {
    pub fn handle(ctx: Context<Undelegate>, shares: u64) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let cooldown_secs = i64::from(accounts.network.params.unbonding_secs);
        let available_at = Clock::get()?
            .unix_timestamp
            .checked_add(cooldown_secs)
            .ok_or(StakingError::Overflow)?;
        accounts.delegation.count_rewards(&accounts.position)?;
        accounts.delegation.start_undelegating(shares, available_at)?;
        accounts.position.undelegate(shares)?;
        emit_cpi!(StakeUndelegating {
            delegation: ctx.accounts.delegation.key(),
            shares,
            available_at,
            undelegating_shares: ctx.accounts.position.undelegating_shares,
        });
        Ok(())
    }
}
