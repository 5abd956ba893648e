use crate::error::RegistryError;
use crate::events::ParamsCancelled;
use crate::seeds;
use crate::state::{Network, ParamsChange};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct CancelParams<'info> {
    pub authority: Signer<'info>,
    #[account(
        has_one = authority @ RegistryError::NotAuthority,
        seeds = [seeds::NETWORK],
        bump = network.bump
    )]
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        close = rent_payer,
        has_one = rent_payer @ RegistryError::OtherRentPayer,
        seeds = [seeds::PARAMS_CHANGE],
        bump = params_change.bump
    )]
    pub params_change: Box<Account<'info, ParamsChange>>,
    /// CHECK: gets back the rent it paid; its address is in the proposal.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
}

impl CancelParams<'_> {
    pub fn handle(ctx: Context<CancelParams>) -> Result<()> {
        let change = &ctx.accounts.params_change;
        let ParamsChange { proposed_at, params, treasury, .. } = ***change;
        emit_cpi!(ParamsCancelled { proposed_at, params, treasury });
        Ok(())
    }
}
