use crate::error::SlashingError;
use crate::events::{CaseDismissed, EpochRefuted};
use crate::instructions::powers::*;
use crate::instructions::tried::*;
use crate::state::{Case, CaseKind, CaseStatus};
use anchor_lang::prelude::*;
use heliograph_protocol::case::Kind;

/// Strikes an epoch off a charge of downtime: without the observers that were convicted of fraud in
/// it, too few were heard. Anyone may; the cases against them follow as remaining accounts, sorted by
/// address. When too few bad epochs are left, the case is dismissed.
#[event_cpi]
#[derive(Accounts)]
pub struct RefuteEpoch<'info> {
    pub tried: Tried<'info>,
    pub slasher: Slasher<'info>,
}

impl<'info> RefuteEpoch<'info> {
    pub fn handle(ctx: Context<'info, RefuteEpoch<'info>>, epoch: u64) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let frauds = upheld(ctx.remaining_accounts, epoch)?;
        let accounts = &mut *ctx.accounts;
        let params = accounts.tried.network.params;
        require!(accounts.tried.case.kind == CaseKind::Downtime, SlashingError::OtherKind);
        accounts.tried.case.check_open()?;
        let left = accounts.tried.case.refute(epoch, frauds)?;
        let refuted = EpochRefuted {
            case: accounts.tried.case.key(),
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
            accounts.tried.network.to_account_info(),
            accounts.tried.position.to_account_info(),
            accounts.tried.case.held,
        )?;
        accounts.tried.case.decide(CaseStatus::Dismissed, now, &params);
        accounts.tried.record.dismiss(Kind::Downtime);
        let dismissed = CaseDismissed {
            case: accounts.tried.case.key(),
            subject: accounts.tried.case.subject,
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
