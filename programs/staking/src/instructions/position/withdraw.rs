use crate::error::StakingError;
use crate::events::StakeWithdrawn;
use crate::seeds;
use crate::state::Position;
use crate::vault::pay;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

/// Needs neither the subject nor the registry: nothing that happens there can hold stake back.
#[event_cpi]
#[derive(Accounts)]
pub struct Withdraw<'info> {
    pub owner: Signer<'info>,
    #[account(
        mut,
        has_one = owner @ StakingError::NotOwner,
        seeds = [seeds::POSITION, position.subject.as_ref()],
        bump = position.bump
    )]
    pub position: Box<Account<'info, Position>>,
    #[account(
        mut,
        seeds = [seeds::VAULT, position.key().as_ref()],
        bump = position.vault_bump
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    #[account(address = position.mint @ StakingError::OtherMint)]
    pub mint: Box<Account<'info, Mint>>,
    /// Where the stake goes; any account of the position's mint that the owner names.
    #[account(mut, constraint = destination.mint == mint.key() @ StakingError::OtherMint)]
    pub destination: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl Withdraw<'_> {
    pub fn handle(ctx: Context<Withdraw>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let amount = accounts.position.take_matured(Clock::get()?.unix_timestamp)?;
        pay(
            &accounts.position,
            (&accounts.vault, &accounts.mint),
            &accounts.destination,
            &accounts.token_program,
            amount,
        )?;
        emit_cpi!(StakeWithdrawn {
            position: ctx.accounts.position.key(),
            amount,
            unbonding: ctx.accounts.position.unbonding_total()?,
        });
        Ok(())
    }
}
