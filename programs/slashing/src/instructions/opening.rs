//! What every case begins with.

use super::powers::*;
use crate::error::SlashingError;
use crate::events::CaseOpened;
use crate::seeds;
use crate::state::{BadEpoch, Case, CaseKind, CaseStatus, Record};
use anchor_lang::prelude::*;
use anchor_lang::system_program::{Transfer, transfer};
use heliograph_registry::state::{Network, NetworkParams, Subject};
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

/// What a case is made of besides its charge.
#[derive(Clone, Copy, Debug)]
pub struct Opened {
    pub bump: u8,
    pub number: u32,
    pub subject: Pubkey,
    pub owner: Pubkey,
    pub mint: Pubkey,
    pub reporter: Pubkey,
    pub opened_at: i64,
    pub penalty: u64,
    pub held: u64,
}

impl Charge {
    /// What the case is to cost of `stake`, and how much of it is to be held.
    pub fn costs(&self, stake: u64) -> (u64, u64) {
        let penalty = heliograph_protocol::case::penalty(stake, self.penalty_bps);
        (penalty, if self.holds_all { stake } else { penalty })
    }

    /// The case as it is opened.
    pub fn case(self, opened: Opened, params: &NetworkParams) -> Case {
        let window = i64::from(params.case_window_secs);
        let after = |windows: i64| opened.opened_at.saturating_add(window.saturating_mul(windows));
        Case {
            version: Case::VERSION,
            bump: opened.bump,
            kind: self.kind,
            status: CaseStatus::Open,
            number: opened.number,
            subject: opened.subject,
            owner: opened.owner,
            mint: opened.mint,
            reporter: opened.reporter,
            rewarded: self.rewarded,
            victim: self.victim,
            evidence: self.evidence,
            sequence: self.sequence,
            epoch: self.epoch,
            done_at: self.done_at,
            punishes_until: self.punishes_until,
            opened_at: opened.opened_at,
            restorable_at: after(self.windows.0),
            decidable_at: after(self.windows.1),
            decided_at: 0,
            kept_until: 0,
            bond_lamports: params.case_bond_lamports,
            penalty: opened.penalty,
            held: opened.held,
            restored_micro_usdc: 0,
            epochs: self.epochs,
            reserved: [0; 64],
        }
    }
}

impl<'info> Opening<'info> {
    /// The accused.
    pub fn accused(&self) -> Result<Subject> {
        Subject::load(&self.subject)
    }

    /// Opens the case: the bond is paid, the stake held, the charge written down.
    pub fn open(&mut self, bumps: &OpeningBumps, charge: Charge) -> Result<CaseOpened> {
        let opened_at = Clock::get()?.unix_timestamp;
        let subject = self.subject.key();
        let (address, params) = (self.case.key(), self.network.params);
        let owner = self.accused()?.owner();
        if self.record.version == 0 {
            self.record.set_inner(Record::new(subject, bumps.record));
        }
        let number = self.record.cases;
        self.record.open(charge.kind.into(), address, charge.done_at)?;
        let (penalty, amount) = charge.costs(self.position.total());
        let held = self.slasher.hold(
            bumps.slasher.slasher,
            self.network.to_account_info(),
            self.position.to_account_info(),
            amount,
        )?;
        let accounts =
            Transfer { from: self.reporter.to_account_info(), to: self.case.to_account_info() };
        let bond = CpiContext::new(self.system_program.key(), accounts);
        transfer(bond, params.case_bond_lamports)?;
        let opened = Opened {
            bump: bumps.case,
            number,
            subject,
            owner,
            mint: self.position.mint,
            reporter: self.reporter.key(),
            opened_at,
            penalty,
            held,
        };
        let case = charge.case(opened, &params);
        let event = CaseOpened::of(address, &case);
        self.case.set_inner(case);
        Ok(event)
    }
}
