use crate::error::SettlementError;
use crate::events::WithdrawalCancelled;
use crate::seeds;
use crate::state::Escrow;
use anchor_lang::prelude::*;
use heliograph_registry::state::App;

#[event_cpi]
#[derive(Accounts)]
pub struct CancelWithdrawal<'info> {
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
}

impl CancelWithdrawal<'_> {
    pub fn handle(ctx: Context<CancelWithdrawal>) -> Result<()> {
        let amount_micro_usdc = ctx.accounts.escrow.clear_withdrawal()?;
        emit_cpi!(WithdrawalCancelled { escrow: ctx.accounts.escrow.key(), amount_micro_usdc });
        Ok(())
    }
}
