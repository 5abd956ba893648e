use crate::error::SettlementError;
use crate::events::ChannelClosed;
use crate::seeds;
use crate::state::Channel;
use anchor_lang::prelude::*;
use heliograph_registry::state::App;

#[event_cpi]
#[derive(Accounts)]
pub struct CloseChannel<'info> {
    /// Gets the rent back.
    #[account(mut)]
    pub authority: Signer<'info>,
    #[account(has_one = authority @ SettlementError::NotAppAuthority)]
    pub app: Box<Account<'info, App>>,
    #[account(
        mut,
        close = authority,
        has_one = app @ SettlementError::OtherChannel,
        constraint = channel.sessions_open == 0 @ SettlementError::ChannelHasSessions,
        constraint = channel.bond_micro_usdc == 0 @ SettlementError::ChannelBonded,
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

impl CloseChannel<'_> {
    pub fn handle(ctx: Context<CloseChannel>) -> Result<()> {
        emit_cpi!(ChannelClosed {
            channel: ctx.accounts.channel.key(),
            settled_micro_usdc: ctx.accounts.channel.totals.settled_micro_usdc,
            paid_micro_usdc: ctx.accounts.channel.totals.paid_micro_usdc,
        });
        Ok(())
    }
}
