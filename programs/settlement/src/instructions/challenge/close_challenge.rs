use crate::error::SettlementError;
use crate::events::ChallengeClosed;
use crate::state::Challenge;
use anchor_lang::prelude::*;

/// Closes a failed challenge that can be evidence no longer. Anyone may: the account says where the
/// rent goes.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseChallenge<'info> {
    #[account(mut, close = challenger)]
    pub challenge: Box<Account<'info, Challenge>>,
    /// CHECK: gets the rent back; the challenge names it.
    #[account(mut, address = challenge.challenger @ SettlementError::OtherRentPayer)]
    pub challenger: UncheckedAccount<'info>,
}

impl CloseChallenge<'_> {
    pub fn handle(ctx: Context<CloseChallenge>) -> Result<()> {
        ctx.accounts.challenge.check_closable(Clock::get()?.unix_timestamp)?;
        emit_cpi!(ChallengeClosed { challenge: ctx.accounts.challenge.key() });
        Ok(())
    }
}
