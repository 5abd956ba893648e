use crate::error::RegistryError;
use crate::events::ParamsChanged;
use crate::seeds;
use crate::state::{Network, ParamsChange};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;

/// Nobody signs: what was announced comes true when its time has come.
#[event_cpi]
#[derive(Accounts)]
pub struct ApplyParams<'info> {
    #[account(mut, seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        close = rent_payer,
        has_one = rent_payer @ RegistryError::OtherRentPayer,
        has_one = treasury @ RegistryError::OtherTreasury,
        seeds = [seeds::PARAMS_CHANGE],
        bump = params_change.bump
    )]
    pub params_change: Box<Account<'info, ParamsChange>>,
    /// Still an account of the payment mint: a treasury that was closed meanwhile would stop every
    /// payment.
    #[account(token::mint = network.payment_mint)]
    pub treasury: Box<Account<'info, TokenAccount>>,
    /// CHECK: gets back the rent it paid; its address is in the proposal.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
}

impl ApplyParams<'_> {
    pub fn handle(ctx: Context<ApplyParams>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.params_change.check_due(Clock::get()?.unix_timestamp)?;
        let network = &mut accounts.network;
        let (params, treasury) = (accounts.params_change.params, accounts.params_change.treasury);
        let old_params = std::mem::replace(&mut network.params, params);
        let old_treasury = std::mem::replace(&mut network.treasury, treasury);
        emit_cpi!(ParamsChanged { old_params, params, old_treasury, treasury });
        Ok(())
    }
}
