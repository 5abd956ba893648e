use crate::error::StakingError;
use crate::events::StakeDelegated;
use crate::seeds;
use crate::state::{Delegation, Position};
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};

#[event_cpi]
#[derive(Accounts)]
pub struct Delegate<'info> {
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
    /// Where the stake comes from.
    #[account(mut, constraint = source.mint == mint.key() @ StakingError::OtherMint)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl Delegate<'_> {
    pub fn handle(ctx: Context<Delegate>, amount: u64) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.delegation.count_rewards(&accounts.position)?;
        let shares = accounts.position.delegate(amount)?;
        accounts.delegation.add(shares)?;
        transfer_checked(
            CpiContext::new(
                accounts.token_program.key(),
                TransferChecked {
                    from: accounts.source.to_account_info(),
                    mint: accounts.mint.to_account_info(),
                    to: accounts.vault.to_account_info(),
                    authority: accounts.delegator.to_account_info(),
                },
            ),
            amount,
            accounts.mint.decimals,
        )?;
        emit_cpi!(StakeDelegated {
            delegation: ctx.accounts.delegation.key(),
            amount,
            shares,
            delegated: ctx.accounts.position.delegated,
            delegated_shares: ctx.accounts.position.delegated_shares,
        });
        Ok(())
    }
}
