use crate::clock::unix_now;
use crate::error::ReputationError;
use crate::events::ObservationClosed;
use crate::seeds;
use crate::state::{Epoch, Observation};
use anchor_lang::prelude::*;

/// Anyone may clean up: the accounts say where the rent goes.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseObservation<'info> {
    /// CHECK: gets the rent back; the observation names it.
    #[account(mut, address = observation.rent_payer @ ReputationError::OtherRentPayer)]
    pub rent_payer: UncheckedAccount<'info>,
    #[account(
        mut,
        constraint = epoch.epoch == observation.epoch @ ReputationError::OtherObservation,
        seeds = [seeds::EPOCH, &epoch.epoch.to_le_bytes()],
        bump = epoch.bump
    )]
    pub epoch: Box<Account<'info, Epoch>>,
    #[account(
        mut,
        close = rent_payer,
        seeds = [
            seeds::OBSERVATION,
            observation.keeper.as_ref(),
            &observation.epoch.to_le_bytes()
        ],
        bump = observation.bump
    )]
    pub observation: Box<Account<'info, Observation>>,
}

impl CloseObservation<'_> {
    pub fn handle(ctx: Context<CloseObservation>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        require!(accounts.epoch.is_over(unix_now()?), ReputationError::EpochRetained);
        accounts.epoch.closed_one()?;
        emit_cpi!(ObservationClosed {
            observation: ctx.accounts.observation.key(),
            keeper: ctx.accounts.observation.keeper,
            epoch: ctx.accounts.observation.epoch,
        });
        Ok(())
    }
}
