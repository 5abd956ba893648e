use crate::error::SettlementError;
use crate::events::BondReleased;
use crate::seeds;
use crate::state::{Channel, Escrow};
use anchor_lang::prelude::*;
use heliograph_registry::state::App;

/// Makes a bond available to all channels again; to leave the escrow, it goes under notice as
/// everything else.
#[event_cpi]
#[derive(Accounts)]
pub struct ReleaseBond<'info> {
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
        has_one = app @ SettlementError::OtherChannel,
        seeds = [
            seeds::CHANNEL,
            channel.app.as_ref(),
            channel.node.as_ref(),
            &channel.incarnation.to_le_bytes()
        ],
        bump = channel.bump
    )]
    pub channel: Box<Account<'info, Channel>>,
}

impl ReleaseBond<'_> {
    pub fn handle(ctx: Context<ReleaseBond>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let now = Clock::get()?.unix_timestamp;
        let amount_micro_usdc = accounts.escrow.release_bond(&mut accounts.channel, now)?;
        emit_cpi!(BondReleased {
            channel: ctx.accounts.channel.key(),
            escrow: ctx.accounts.escrow.key(),
            amount_micro_usdc,
            escrow_bonded_micro_usdc: ctx.accounts.escrow.bonded_micro_usdc,
        });
        Ok(())
    }
}
