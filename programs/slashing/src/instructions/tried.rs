//! What every instruction that ends a case begins with.

use crate::error::SlashingError;
use crate::seeds;
use crate::state::{Case, Record};
use anchor_lang::prelude::*;
use heliograph_registry::state::Network;
use heliograph_staking::state::Position;

/// A case, and the record and stake of who it is against.
#[derive(Accounts)]
#[allow(missing_debug_implementations, reason = "an accounts struct is never printed")]
pub struct Tried<'info> {
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
}
