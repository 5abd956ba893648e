use crate::error::SlashingError;
use crate::events::CaseClosed;
use crate::seeds;
use crate::state::{Case, CaseStatus};
use anchor_lang::prelude::*;

/// Closes a case that is decided and that no other case can need. Anyone may: the case says where
/// rent and bond go. The record keeps what must not be forgotten.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseCase<'info> {
    #[account(
        mut,
        close = reporter,
        seeds = [seeds::CASE, case.subject.as_ref(), &case.number.to_le_bytes()],
        bump = case.bump
    )]
    pub case: Box<Account<'info, Case>>,
    /// CHECK: gets the rent, and the bond where the accused was found guilty; the case names it.
    #[account(mut, address = case.reporter @ SlashingError::OtherWallet)]
    pub reporter: UncheckedAccount<'info>,
    /// CHECK: the accused's wallet: gets the bond of a case that was dismissed; the case names it.
    #[account(mut, address = case.owner @ SlashingError::OtherWallet)]
    pub owner: UncheckedAccount<'info>,
}

impl CloseCase<'_> {
    pub fn handle(ctx: Context<CloseCase>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.case.check_closable(Clock::get()?.unix_timestamp)?;
        let bond_lamports = accounts.case.bond_lamports;
        let mut bond_to = accounts.reporter.key();
        if accounts.case.status == CaseStatus::Dismissed {
            accounts.case.sub_lamports(bond_lamports)?;
            accounts.owner.add_lamports(bond_lamports)?;
            bond_to = accounts.owner.key();
        }
        emit_cpi!(CaseClosed {
            case: ctx.accounts.case.key(),
            subject: ctx.accounts.case.subject,
            bond_to,
            bond_lamports,
        });
        Ok(())
    }
}
