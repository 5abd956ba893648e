use crate::clock::unix_now;
use crate::error::ReputationError;
use crate::events::TallyClosed;
use crate::seeds;
use crate::state::{Epoch, Tally};
use anchor_lang::prelude::*;
use heliograph_protocol::reputation::Phase;

/// Anyone may clean up: the accounts say where the rent goes.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseTally<'info> {
    /// CHECK: gets the rent back; the tally names it.
    #[account(mut, address = tally.rent_payer @ ReputationError::OtherRentPayer)]
    pub rent_payer: UncheckedAccount<'info>,
    #[account(
        mut,
        constraint = epoch.epoch == tally.epoch @ ReputationError::OtherTally,
        seeds = [seeds::EPOCH, &epoch.epoch.to_le_bytes()],
        bump = epoch.bump
    )]
    pub epoch: Box<Account<'info, Epoch>>,
    #[account(
        mut,
        close = rent_payer,
        seeds = [seeds::TALLY, tally.node.as_ref(), &tally.epoch.to_le_bytes()],
        bump = tally.bump
    )]
    pub tally: Box<Account<'info, Tally>>,
}

impl CloseTally<'_> {
    pub fn handle(ctx: Context<CloseTally>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let (epoch, tally) = (&mut accounts.epoch, &accounts.tally);
        let now = unix_now()?;
        require!(epoch.phase(now) == Phase::Scoring, ReputationError::NotScoring);
        // Else a node could have a bad epoch closed before anyone scores it. What nobody scored for
        // as long as the score looks back changes nothing any more.
        let scorable = !tally.scored && epoch.has_quorum(tally.heard.len());
        require!(!scorable || epoch.is_over(now), ReputationError::TallyUnscored);
        epoch.closed_one()?;
        emit_cpi!(TallyClosed {
            tally: ctx.accounts.tally.key(),
            node: ctx.accounts.tally.node,
            epoch: ctx.accounts.tally.epoch,
            scored: ctx.accounts.tally.scored,
            heard: ctx.accounts.tally.heard.len() as u8,
        });
        Ok(())
    }
}
