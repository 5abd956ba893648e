use crate::error::SettlementError;
use crate::events::EscrowOpened;
use crate::seeds;
use crate::state::{Escrow, Totals};
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_registry::state::{App, Network};

#[event_cpi]
#[derive(Accounts)]
pub struct OpenEscrow<'info> {
    /// Pays the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(has_one = authority @ SettlementError::NotAppAuthority)]
    pub app: Box<Account<'info, App>>,
    #[account(
        init,
        payer = authority,
        space = Escrow::DISCRIMINATOR.len() + Escrow::INIT_SPACE,
        seeds = [seeds::ESCROW, app.key().as_ref()],
        bump
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(address = network.payment_mint @ SettlementError::OtherMint)]
    pub payment_mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = authority,
        seeds = [seeds::VAULT, escrow.key().as_ref()],
        bump,
        token::mint = payment_mint,
        token::authority = escrow
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

impl OpenEscrow<'_> {
    pub fn handle(ctx: Context<OpenEscrow>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.escrow.set_inner(Escrow {
            version: Escrow::VERSION,
            bump: ctx.bumps.escrow,
            vault_bump: ctx.bumps.vault,
            app: accounts.app.key(),
            deposited_micro_usdc: 0,
            withdrawn_micro_usdc: 0,
            totals: Totals::default(),
            pending_withdrawal_micro_usdc: 0,
            withdrawal_available_at: 0,
            next_incarnation: 0,
            opened_at: Clock::get()?.unix_timestamp,
            bonded_micro_usdc: 0,
            reserved: [0; 120],
        });
        emit_cpi!(EscrowOpened { escrow: ctx.accounts.escrow.key(), app: ctx.accounts.app.key() });
        Ok(())
    }
}
