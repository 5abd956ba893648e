use crate::error::SettlementError;
use crate::events::SessionClosed;
use crate::seeds;
use crate::state::{Channel, Session};
use anchor_lang::prelude::*;

/// Anyone may clean up: the accounts say where the rent goes.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseSession<'info> {
    /// CHECK: gets the rent back; the session names it.
    #[account(mut, address = session.rent_payer @ SettlementError::OtherRentPayer)]
    pub rent_payer: UncheckedAccount<'info>,
    #[account(
        mut,
        seeds = [
            seeds::CHANNEL,
            channel.app.as_ref(),
            channel.node.as_ref(),
            &channel.incarnation.to_le_bytes()
        ],
        bump = channel.bump
    )]
    pub channel: Box<Account<'info, Channel>>,
    #[account(
        mut,
        close = rent_payer,
        has_one = channel @ SettlementError::OtherSession,
        seeds = [
            seeds::SESSION,
            session.channel.as_ref(),
            &session.ordinal.to_le_bytes()
        ],
        bump = session.bump
    )]
    pub session: Box<Account<'info, Session>>,
}

impl CloseSession<'_> {
    pub fn handle(ctx: Context<CloseSession>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let now = Clock::get()?.unix_timestamp;
        accounts.session.check_closable(now)?;
        accounts.channel.sessions_open =
            accounts.channel.sessions_open.checked_sub(1).ok_or(SettlementError::Overflow)?;
        emit_cpi!(SessionClosed {
            session: ctx.accounts.session.key(),
            channel: ctx.accounts.channel.key(),
            settled_micro_usdc: ctx.accounts.session.totals.settled_micro_usdc,
            paid_micro_usdc: ctx.accounts.session.totals.paid_micro_usdc,
        });
        Ok(())
    }
}
