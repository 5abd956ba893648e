use crate::error::SettlementError;
use crate::events::ChannelOpened;
use crate::seeds;
use crate::state::{Channel, Escrow, Totals};
use anchor_lang::prelude::*;
use heliograph_registry::state::{App, Network, Node, pause};

#[event_cpi]
#[derive(Accounts)]
pub struct OpenChannel<'info> {
    /// Pays the rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(has_one = authority @ SettlementError::NotAppAuthority)]
    pub app: Box<Account<'info, App>>,
    pub node: Box<Account<'info, Node>>,
    #[account(
        mut,
        has_one = app @ SettlementError::OtherApp,
        seeds = [seeds::ESCROW, escrow.app.as_ref()],
        bump = escrow.bump
    )]
    pub escrow: Box<Account<'info, Escrow>>,
    #[account(
        init,
        payer = authority,
        space = Channel::DISCRIMINATOR.len() + Channel::INIT_SPACE,
        seeds = [
            seeds::CHANNEL,
            app.key().as_ref(),
            node.key().as_ref(),
            &escrow.next_incarnation.to_le_bytes()
        ],
        bump
    )]
    pub channel: Box<Account<'info, Channel>>,
    pub system_program: Program<'info, System>,
}

impl OpenChannel<'_> {
    pub fn handle(ctx: Context<OpenChannel>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        require!(!accounts.network.is_paused(pause::SESSIONS), SettlementError::SessionsPaused);
        let incarnation = accounts.escrow.next_incarnation;
        accounts.escrow.next_incarnation =
            incarnation.checked_add(1).ok_or(SettlementError::Overflow)?;
        accounts.channel.set_inner(Channel {
            version: Channel::VERSION,
            bump: ctx.bumps.channel,
            spare: [0; 2],
            sessions_open: 0,
            app: accounts.app.key(),
            node: accounts.node.key(),
            incarnation,
            totals: Totals::default(),
            next_ordinal: 0,
            opened_at: Clock::get()?.unix_timestamp,
            bond_micro_usdc: 0,
            bond_until: 0,
            reserved: [0; 48],
        });
        emit_cpi!(ChannelOpened {
            channel: ctx.accounts.channel.key(),
            app: ctx.accounts.app.key(),
            node: ctx.accounts.node.key(),
            incarnation,
        });
        Ok(())
    }
}
