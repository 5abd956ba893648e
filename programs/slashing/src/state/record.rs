use crate::error::SlashingError;
use anchor_lang::prelude::*;
use heliograph_protocol::case::{KINDS, Kind};

/// What somebody has been tried for of one kind.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace,
)]
pub struct KindRecord {
    /// The case that is open; zero = none is.
    pub open_case: Pubkey,
    /// Unix time: what was done until then is punished. 0 = nothing has been.
    pub punished_until: i64,
    pub convictions: u32,
    pub dismissals: u32,
}

/// What a node or keeper has been tried for. PDA `[seeds::RECORD, subject]`. Never closed: it is
/// what keeps one deed from being punished twice.
#[account]
#[derive(Debug, InitSpace)]
pub struct Record {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// The registry account.
    pub subject: Pubkey,
    /// Cases opened against it in all; the next one's number.
    pub cases: u32,
    /// By [`Kind`].
    pub kinds: [KindRecord; KINDS],
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

impl Record {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// A record without cases.
    pub fn new(subject: Pubkey, bump: u8) -> Self {
        let kinds = [KindRecord::default(); KINDS];
        Self { version: Self::VERSION, bump, subject, cases: 0, kinds, reserved: [0; 64] }
    }

    /// The record of one kind.
    pub fn of(&self, kind: Kind) -> &KindRecord {
        &self.kinds[kind as usize]
    }

    /// Opens case number `cases`. Refuses a second one of its kind, and a deed of before the last
    /// punishment: whatever was done until a verdict is punished by it, once.
    pub fn open(&mut self, kind: Kind, case: Pubkey, done_at: i64) -> Result<()> {
        let record = &mut self.kinds[kind as usize];
        require_keys_eq!(record.open_case, Pubkey::default(), SlashingError::CaseUnderWay);
        require_gt!(done_at, record.punished_until, SlashingError::AlreadyPunished);
        record.open_case = case;
        self.cases = self.cases.checked_add(1).ok_or(SlashingError::Overflow)?;
        Ok(())
    }

    /// Takes note of a verdict of guilty.
    pub fn convict(&mut self, kind: Kind, punished_until: i64) {
        let record = &mut self.kinds[kind as usize];
        record.open_case = Pubkey::default();
        record.punished_until = record.punished_until.max(punished_until);
        record.convictions = record.convictions.saturating_add(1);
    }

    /// Takes note of a dismissal.
    pub fn dismiss(&mut self, kind: Kind) {
        let record = &mut self.kinds[kind as usize];
        record.open_case = Pubkey::default();
        record.dismissals = record.dismissals.saturating_add(1);
    }
}
