use crate::error::SettlementError;
use crate::events::EscrowDeposited;
use crate::seeds;
use crate::state::Escrow;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};

#[event_cpi]
#[derive(Accounts)]
pub struct Deposit<'info> {
    /// Owns the source account.
    pub depositor: Signer<'info>,
    #[account(mut, seeds = [seeds::ESCROW, escrow.app.as_ref()], bump = escrow.bump)]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(
        mut,
        seeds = [seeds::VAULT, escrow.key().as_ref()],
        bump = escrow.vault_bump
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    #[account(address = vault.mint @ SettlementError::OtherMint)]
    pub payment_mint: Box<Account<'info, Mint>>,
    #[account(mut, constraint = source.mint == vault.mint @ SettlementError::OtherMint)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl Deposit<'_> {
    pub fn handle(ctx: Context<Deposit>, amount_micro_usdc: u64) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.escrow.deposit(amount_micro_usdc)?;
        transfer_checked(
            CpiContext::new(
                accounts.token_program.key(),
                TransferChecked {
                    from: accounts.source.to_account_info(),
                    mint: accounts.payment_mint.to_account_info(),
                    to: accounts.vault.to_account_info(),
                    authority: accounts.depositor.to_account_info(),
                },
            ),
            amount_micro_usdc,
            accounts.payment_mint.decimals,
        )?;
        emit_cpi!(EscrowDeposited {
            escrow: ctx.accounts.escrow.key(),
            amount_micro_usdc,
            deposited_micro_usdc: ctx.accounts.escrow.deposited_micro_usdc,
        });
        Ok(())
    }
}
