use crate::error::StakingError;
use crate::events::StakeUnbonding;
use crate::recorder::*;
use crate::seeds;
use crate::state::Position;
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;

#[event_cpi]
#[derive(Accounts)]
pub struct Unbond<'info> {
    pub owner: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    /// CHECK: the node or keeper of the position; the registry records its stake.
    #[account(mut, address = position.subject @ StakingError::OtherSubject)]
    pub subject: UncheckedAccount<'info>,
    #[account(
        mut,
        has_one = owner @ StakingError::NotOwner,
        seeds = [seeds::POSITION, position.subject.as_ref()],
        bump = position.bump
    )]
    pub position: Box<Account<'info, Position>>,
    pub recorder: Recorder<'info>,
}

impl Unbond<'_> {
    pub fn handle(ctx: Context<Unbond>, amount: u64) -> Result<()> {
        let RecorderBumps { stake_recorder } = ctx.bumps.recorder;
        let accounts = &mut *ctx.accounts;
        let cooldown_secs = i64::from(accounts.network.params.unbonding_secs);
        let available_at = Clock::get()?
            .unix_timestamp
            .checked_add(cooldown_secs)
            .ok_or(StakingError::Overflow)?;
        accounts.position.start_unbonding(amount, available_at)?;
        accounts.recorder.record(
            stake_recorder,
            accounts.network.to_account_info(),
            accounts.subject.to_account_info(),
            accounts.position.bonded,
        )?;
        emit_cpi!(StakeUnbonding {
            position: ctx.accounts.position.key(),
            amount,
            available_at,
            bonded: ctx.accounts.position.bonded,
            unbonding: ctx.accounts.position.unbonding_total()?,
        });
        Ok(())
    }
}
