use crate::error::SettlementError;
use crate::events::BondPosted;
use crate::seeds;
use crate::state::{Channel, Escrow};
use anchor_lang::prelude::*;
use heliograph_registry::state::App;

/// Puts part of the deposit behind one channel. No token moves: what changes is who can be paid
/// from it.
#[event_cpi]
#[derive(Accounts)]
pub struct PostBond<'info> {
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

impl PostBond<'_> {
    pub fn handle(ctx: Context<PostBond>, amount_micro_usdc: u64) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.escrow.bond(&mut accounts.channel, amount_micro_usdc)?;
        emit_cpi!(BondPosted {
            channel: ctx.accounts.channel.key(),
            escrow: ctx.accounts.escrow.key(),
            amount_micro_usdc,
            channel_bond_micro_usdc: ctx.accounts.channel.bond_micro_usdc,
            escrow_bonded_micro_usdc: ctx.accounts.escrow.bonded_micro_usdc,
        });
        Ok(())
    }
}
