use crate::error::SettlementError;
use crate::events::EscrowWithdrawn;
use crate::seeds;
use crate::state::Escrow;
use crate::tokens::pay_from_vault;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_registry::state::App;

#[event_cpi]
#[derive(Accounts)]
pub struct Withdraw<'info> {
    pub authority: Signer<'info>,
    #[account(has_one = authority @ SettlementError::NotAppAuthority)]
    pub app: Box<Account<'info, App>>,
    #[account(
        mut,
        has_one = app @ SettlementError::OtherApp,
        seeds = [seeds::ESCROW, escrow.app.as_ref()],
        bump = escrow.bump
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(
        mut,
        seeds = [seeds::VAULT, escrow.key().as_ref()],
        bump = escrow.vault_bump
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    #[account(address = vault.mint @ SettlementError::OtherMint)]
    pub payment_mint: Box<Account<'info, Mint>>,
    /// Where the money goes; any account of the payment mint that the authority names.
    #[account(mut, constraint = destination.mint == vault.mint @ SettlementError::OtherMint)]
    pub destination: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl Withdraw<'_> {
    pub fn handle(ctx: Context<Withdraw>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let now = Clock::get()?.unix_timestamp;
        let (requested_micro_usdc, amount_micro_usdc) = accounts.escrow.take_withdrawal(now)?;
        pay_from_vault(
            &accounts.escrow,
            accounts.vault.to_account_info(),
            accounts.destination.to_account_info(),
            Some(&accounts.payment_mint),
            &accounts.token_program,
            amount_micro_usdc,
        )?;
        emit_cpi!(EscrowWithdrawn {
            escrow: ctx.accounts.escrow.key(),
            requested_micro_usdc,
            amount_micro_usdc,
            withdrawn_micro_usdc: ctx.accounts.escrow.withdrawn_micro_usdc,
        });
        Ok(())
    }
}
