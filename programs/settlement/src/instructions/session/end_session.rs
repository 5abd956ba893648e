use crate::error::SettlementError;
use crate::events::SessionEnded;
use crate::seeds;
use crate::state::Session;
use anchor_lang::prelude::*;
use heliograph_registry::state::{App, Network};

#[event_cpi]
#[derive(Accounts)]
pub struct EndSession<'info> {
    pub authority: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(has_one = authority @ SettlementError::NotAppAuthority)]
    pub app: Box<Account<'info, App>>,
    #[account(
        mut,
        has_one = app @ SettlementError::OtherSession,
        seeds = [
            seeds::SESSION,
            session.channel.as_ref(),
            &session.ordinal.to_le_bytes()
        ],
        bump = session.bump
    )]
    pub session: Box<Account<'info, Session>>,
}

impl EndSession<'_> {
    pub fn handle(ctx: Context<EndSession>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let grace_secs = ctx.accounts.network.params.redeem_grace_secs;
        let session = &mut ctx.accounts.session;
        let old_expires_at = session.expires_at;
        session.end(now, grace_secs)?;
        let session = &ctx.accounts.session;
        emit_cpi!(SessionEnded {
            session: session.key(),
            old_expires_at,
            expires_at: session.expires_at,
            redeemable_until: session.redeemable_until,
        });
        Ok(())
    }
}
