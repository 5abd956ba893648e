use crate::error::SettlementError;
use crate::events::ClaimRestored;
use crate::seeds;
use crate::state::{Escrow, Session};
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};
use heliograph_registry::state::Network;

/// Pays into an escrow what a settler took from one of its sessions without a voucher. The slashing
/// program pays, from what it has slashed.
#[event_cpi]
#[derive(Accounts)]
pub struct Restore<'info> {
    /// A PDA that only the slashing program can sign for; owns the source.
    #[account(
        seeds = [seeds::RESTORER],
        bump,
        seeds::program = network.slashing_program
    )]
    pub restorer: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [
            seeds::SESSION,
            session.channel.as_ref(),
            &session.ordinal.to_le_bytes()
        ],
        bump = session.bump
    )]
    pub session: Box<Account<'info, Session>>,
    #[account(mut, seeds = [seeds::ESCROW, session.app.as_ref()], bump = escrow.bump)]
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

impl Restore<'_> {
    pub fn handle(ctx: Context<Restore>, settler: Pubkey, amount_micro_usdc: u64) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.session.restore(&settler, amount_micro_usdc)?;
        accounts.escrow.deposit(amount_micro_usdc)?;
        transfer_checked(
            CpiContext::new(
                accounts.token_program.key(),
                TransferChecked {
                    from: accounts.source.to_account_info(),
                    mint: accounts.payment_mint.to_account_info(),
                    to: accounts.vault.to_account_info(),
                    authority: accounts.restorer.to_account_info(),
                },
            ),
            amount_micro_usdc,
            accounts.payment_mint.decimals,
        )?;
        emit_cpi!(ClaimRestored {
            session: ctx.accounts.session.key(),
            escrow: ctx.accounts.escrow.key(),
            settler,
            amount_micro_usdc,
            deposited_micro_usdc: ctx.accounts.escrow.deposited_micro_usdc,
        });
        Ok(())
    }
}
