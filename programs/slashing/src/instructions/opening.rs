//! What every case begins with.

use super::powers::*;
use crate::error::SlashingError;
use crate::events::CaseOpened;
use crate::seeds;
use crate::state::{BadEpoch, Case, CaseKind, CaseStatus, Record};
use anchor_lang::prelude::*;
use anchor_lang::system_program::{Transfer, transfer};
use heliograph_registry::state::{Network, Subject};
use heliograph_staking::state::Position;

/// The accounts of every instruction that opens a case.
#[derive(Accounts)]
#[allow(missing_debug_implementations, reason = "an accounts struct is never printed")]
pub struct Opening<'info> {
    /// Pays bond and rent.
    #[account(mut)]
    pub reporter: Signer<'info>,
    #[account(
        constraint = network.slashing_program == crate::ID @ SlashingError::OtherSlashingProgram
    )]
    pub network: Box<Account<'info, Network>>,
    /// CHECK: the accused, a node or a keeper; `Subject::load` tells which and refuses everything
    /// else.
    #[account(mut)]
    pub subject: UncheckedAccount<'info>,
    /// Its stake; held by the case.
    #[account(
        mut,
        seeds = [seeds::POSITION, subject.key().as_ref()],
        seeds::program = heliograph_staking::ID,
        bump = position.bump
    )]
    pub position: Box<Account<'info, Position>>,
    /// Made with the first case against it; stays.
    #[account(
        init_if_needed,
        payer = reporter,
        space = Record::DISCRIMINATOR.len() + Record::INIT_SPACE,
        seeds = [seeds::RECORD, subject.key().as_ref()],
        bump
    )]
    pub record: Box<Account<'info, Record>>,
    #[account(
        init,
        payer = reporter,
        space = Case::DISCRIMINATOR.len() + Case::INIT_SPACE,
        seeds = [seeds::CASE, subject.key().as_ref(), &record.cases.to_le_bytes()],
        bump
    )]
    pub case: Box<Account<'info, Case>>,
    pub slasher: Slasher<'info>,
    pub system_program: Program<'info, System>,
}

/// What the kinds of cases differ in.
#[derive(Debug)]
pub struct Charge {
    pub kind: CaseKind,
    pub rewarded: Pubkey,
    pub victim: Pubkey,
    pub evidence: Pubkey,
    pub sequence: u32,
    pub epoch: u64,
    pub done_at: i64,
    pub punishes_until: i64,
    /// Windows before restitution and before the verdict.
    pub windows: (i64, i64),
    /// Of all stake behind the accused.
    pub penalty_bps: u16,
    /// Whether all of the stake is held, not the penalty alone.
    pub holds_all: bool,
    pub epochs: Vec<BadEpoch>,
}

impl<'info> Opening<'info> {
    /// The accused.
    pub fn accused(&self) -> Result<Subject> {
        Subject::load(&self.subject)
    }

    /// Opens the case: the bond is paid, the stake held, the charge written down.
    pub fn open(&mut self, bumps: &OpeningBumps, charge: Charge) -> Result<CaseOpened> {
        let now = Clock::get()?.unix_timestamp;
        let subject = self.subject.key();
        let (address, params) = (self.case.key(), self.network.params);
        let owner = self.accused()?.owner();
        if self.record.version == 0 {
            self.record.set_inner(Record::new(subject, bumps.record));
        }
        let number = self.record.cases;
        self.record.open(charge.kind.into(), address, charge.done_at)?;
        let stake = self.position.total();
        let penalty = heliograph_protocol::case::penalty(stake, charge.penalty_bps);
        let held = self.slasher.hold(
            bumps.slasher.slasher,
            self.network.to_account_info(),
            self.position.to_account_info(),
            if charge.holds_all { stake } else { penalty },
        )?;
        let accounts =
            Transfer { from: self.reporter.to_account_info(), to: self.case.to_account_info() };
        let bond_lamports = params.case_bond_lamports;
        transfer(CpiContext::new(self.system_program.key(), accounts), bond_lamports)?;
        let window = i64::from(params.case_window_secs);
        let after = |windows: i64| now.saturating_add(window.saturating_mul(windows));
        let case = Case {
            version: Case::VERSION,
            bump: bumps.case,
            kind: charge.kind,
            status: CaseStatus::Open,
            number,
            subject,
            owner,
            mint: self.position.mint,
            reporter: self.reporter.key(),
            rewarded: charge.rewarded,
            victim: charge.victim,
            evidence: charge.evidence,
            sequence: charge.sequence,
            epoch: charge.epoch,
            done_at: charge.done_at,
            punishes_until: charge.punishes_until,
            opened_at: now,
            restorable_at: after(charge.windows.0),
            decidable_at: after(charge.windows.1),
            decided_at: 0,
            kept_until: 0,
            bond_lamports,
            penalty,
            held,
            restored_micro_usdc: 0,
            epochs: charge.epochs,
            reserved: [0; 64],
        };
        let event = CaseOpened {
            case: address,
            number,
            kind: case.kind,
            subject,
            owner,
            mint: case.mint,
            reporter: case.reporter,
            rewarded: case.rewarded,
            victim: case.victim,
            evidence: case.evidence,
            sequence: case.sequence,
            epoch: case.epoch,
            done_at: case.done_at,
            punishes_until: case.punishes_until,
            opened_at: now,
            restorable_at: case.restorable_at,
            decidable_at: case.decidable_at,
            bond_lamports,
            penalty,
            held,
            epochs: case.epochs.clone(),
        };
        self.case.set_inner(case);
        Ok(event)
    }
}
