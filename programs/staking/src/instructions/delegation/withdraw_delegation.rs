use crate::error::StakingError;
use crate::events::DelegationWithdrawn;
use crate::seeds;
use crate::state::{Delegation, Position};
use crate::vault::pay;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};

/// Needs neither the node nor the registry: nothing that happens there can hold stake back.
#[event_cpi]
#[derive(Accounts)]
pub struct WithdrawDelegation<'info> {
    pub delegator: Signer<'info>,
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
    #[account(address = position.mint @ StakingError::OtherMint)]
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        mut,
        seeds = [seeds::VAULT, position.key().as_ref()],
        bump = position.vault_bump
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    /// Where the stake goes; any account of the position's mint that the delegator names.
    #[account(mut, constraint = destination.mint == mint.key() @ StakingError::OtherMint)]
    pub destination: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl WithdrawDelegation<'_> {
    /// Pays what the shares are worth now: a slash during the cooldown took its part of them.
    pub fn handle(ctx: Context<WithdrawDelegation>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let shares = accounts.delegation.take_matured(Clock::get()?.unix_timestamp)?;
        let amount = accounts.position.withdraw_delegated(shares)?;
        pay(
            &accounts.position,
            (&accounts.vault, &accounts.mint),
            &accounts.destination,
            &accounts.token_program,
            amount,
        )?;
        emit_cpi!(DelegationWithdrawn {
            delegation: ctx.accounts.delegation.key(),
            shares,
            amount,
            delegated: ctx.accounts.position.delegated,
            delegated_shares: ctx.accounts.position.delegated_shares,
        });
        Ok(())
    }
}
