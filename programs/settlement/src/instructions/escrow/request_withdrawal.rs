use crate::error::SettlementError;
use crate::events::WithdrawalRequested;
use crate::seeds;
use crate::state::Escrow;
use anchor_lang::prelude::*;
use heliograph_registry::state::{App, Network};

#[event_cpi]
#[derive(Accounts)]
pub struct RequestWithdrawal<'info> {
    pub authority: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
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

impl RequestWithdrawal<'_> {
    pub fn handle(ctx: Context<RequestWithdrawal>, amount_micro_usdc: u64) -> Result<()> {
        let notice_secs = i64::from(ctx.accounts.network.params.withdrawal_notice_secs);
        let available_at = Clock::get()?
            .unix_timestamp
            .checked_add(notice_secs)
            .ok_or(SettlementError::Overflow)?;
        ctx.accounts.escrow.request_withdrawal(amount_micro_usdc, available_at)?;
        emit_cpi!(WithdrawalRequested {
            escrow: ctx.accounts.escrow.key(),
            amount_micro_usdc,
            available_at,
        });
        Ok(())
    }
}
