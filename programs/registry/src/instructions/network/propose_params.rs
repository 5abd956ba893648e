use crate::error::RegistryError;
use crate::events::ParamsProposed;
use crate::seeds;
use crate::state::{Network, NetworkParams, ParamsChange};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;

#[event_cpi]
#[derive(Accounts)]
pub struct ProposeParams<'info> {
    /// Pays the rent and gets it back.
    #[account(mut)]
    pub authority: Signer<'info>,
    #[account(
        has_one = authority @ RegistryError::NotAuthority,
        seeds = [seeds::NETWORK],
        bump = network.bump
    )]
    pub network: Box<Account<'info, Network>>,
    /// One at a time: a pending change must be applied or cancelled first.
    #[account(
        init,
        payer = authority,
        space = ParamsChange::DISCRIMINATOR.len() + ParamsChange::INIT_SPACE,
        seeds = [seeds::PARAMS_CHANGE],
        bump
    )]
    pub params_change: Box<Account<'info, ParamsChange>>,
    /// The treasury from then on; the present one where it is to stay.
    #[account(token::mint = network.payment_mint)]
    pub treasury: Box<Account<'info, TokenAccount>>,
    pub system_program: Program<'info, System>,
}

impl ProposeParams<'_> {
    /// The timelock is the one in force now: a proposal cannot shorten its own.
    pub fn handle(ctx: Context<ProposeParams>, params: NetworkParams) -> Result<()> {
        params.validate()?;
        let accounts = &mut *ctx.accounts;
        let now = Clock::get()?.unix_timestamp;
        let available_at = now.saturating_add(accounts.network.params.timelock_secs.into());
        accounts.params_change.set_inner(ParamsChange {
            version: ParamsChange::VERSION,
            bump: ctx.bumps.params_change,
            params,
            treasury: accounts.treasury.key(),
            proposed_at: now,
            available_at,
            rent_payer: accounts.authority.key(),
            reserved: [0; 64],
        });
        emit_cpi!(ParamsProposed {
            params,
            treasury: ctx.accounts.treasury.key(),
            proposed_at: now,
            available_at,
        });
        Ok(())
    }
}
