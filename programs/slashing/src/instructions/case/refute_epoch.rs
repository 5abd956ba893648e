use crate::error::SlashingError;
use crate::events::{CaseDismissed, EpochRefuted};
use crate::instructions::powers::*;
use crate::seeds;
use crate::state::{Case, CaseKind, CaseStatus, Record};
use anchor_lang::prelude::*;
use heliograph_protocol::case::Kind;
use heliograph_registry::state::Network;
use heliograph_staking::state::Position;

/// Strikes an epoch off a charge of downtime: without the observers that were convicted of fraud in
/// it, too few were heard. Anyone may; the cases against them follow as remaining accounts, sorted by
/// address. When too few bad epochs are left, the case is dismissed.
#[event_cpi]
#[derive(Accounts)]
pub struct RefuteEpoch<'info> {
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [seeds::CASE, case.subject.as_ref(), &case.number.to_le_bytes()],
        bump = case.bump
    )]
    pub case: Box<Account<'info, Case>>,
    #[account(
        mut,
        constraint = record.subject == case.subject @ SlashingError::OtherRecord,
        seeds = [seeds::RECORD, record.subject.as_ref()],
        bump = record.bump
    )]
    pub record: Box<Account<'info, Record>>,
    #[account(
        mut,
        constraint = position.subject == case.subject @ SlashingError::OtherSubject
    )]
    pub position: Box<Account<'info, Position>>,
    pub slasher: Slasher<'info>,
}

impl<'info> RefuteEpoch<'info> {
    pub fn handle(ctx: Context<'info, RefuteEpoch<'info>>, epoch: u64) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let frauds = upheld(ctx.remaining_accounts, epoch)?;
        let accounts = &mut *ctx.accounts;
        let params = accounts.network.params;
        require!(accounts.case.kind == CaseKind::Downtime, SlashingError::OtherKind);
        accounts.case.check_open()?;
        let left = accounts.case.refute(epoch, frauds, params.observer_quorum)?;
        let refuted = EpochRefuted {
            case: accounts.case.key(),
            epoch,
            frauds: frauds as u32,
            epochs_left: left as u32,
        };
        if left >= usize::from(params.downtime_epochs) {
            emit_cpi!(refuted);
            return Ok(());
        }
        let released = accounts.slasher.release(
            ctx.bumps.slasher.slasher,
            accounts.network.to_account_info(),
            accounts.position.to_account_info(),
            accounts.case.held,
        )?;
        accounts.case.decide(CaseStatus::Dismissed, now, &params);
        accounts.record.dismiss(Kind::Downtime);
        let dismissed = CaseDismissed {
            case: accounts.case.key(),
            subject: accounts.case.subject,
            kind: CaseKind::Downtime,
            released,
            decided_at: now,
        };
        emit_cpi!(refuted);
        emit_cpi!(dismissed);
        Ok(())
    }
}

/// How many cases of upheld fraud in `epoch` these are, each another's.
fn upheld<'info>(accounts: &'info [AccountInfo<'info>], epoch: u64) -> Result<usize> {
    let mut last = None;
    for account in accounts {
        require!(last < Some(account.key), SlashingError::NotUpheldFraud);
        last = Some(account.key);
        let case = Account::<Case>::try_from(account)?;
        require!(
            case.kind == CaseKind::ObserverFraud
                && case.status == CaseStatus::Guilty
                && case.epoch == epoch,
            SlashingError::NotUpheldFraud
        );
    }
    Ok(accounts.len())
}
