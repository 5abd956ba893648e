use crate::clock::unix_now;
use crate::error::ReputationError;
use crate::events::EpochClosed;
use crate::seeds;
use crate::state::Epoch;
use anchor_lang::prelude::*;

/// Anyone may clean up: the account says where the rent goes.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseEpoch<'info> {
    /// CHECK: gets the rent back; the epoch names it.
    #[account(mut, address = epoch.rent_payer @ ReputationError::OtherRentPayer)]
    pub rent_payer: UncheckedAccount<'info>,
    #[account(
        mut,
        close = rent_payer,
        constraint = epoch.accounts_open == 0 @ ReputationError::EpochInUse,
        seeds = [seeds::EPOCH, &epoch.epoch.to_le_bytes()],
        bump = epoch.bump
    )]
    pub epoch: Box<Account<'info, Epoch>>,
}

impl CloseEpoch<'_> {
    pub fn handle(ctx: Context<CloseEpoch>) -> Result<()> {
        require!(ctx.accounts.epoch.is_over(unix_now()?), ReputationError::EpochRetained);
        emit_cpi!(EpochClosed {
            epoch_account: ctx.accounts.epoch.key(),
            epoch: ctx.accounts.epoch.epoch,
        });
        Ok(())
    }
}
