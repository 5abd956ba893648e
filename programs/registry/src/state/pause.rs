//! What can be paused: the ways in. Nothing that lets somebody out or settles a dispute is here:
//! redeems, claims, withdrawals, unbonding, challenges and answers go on whatever happens.

use crate::error::RegistryError;
use anchor_lang::prelude::*;

/// Registering nodes, keepers and apps.
pub const REGISTER: u32 = 1;
/// Opening channels and sessions.
pub const SESSIONS: u32 = 1 << 1;
/// Posting minute batches.
pub const BATCHES: u32 = 1 << 2;
/// Posting roots of observations.
pub const OBSERVATIONS: u32 = 1 << 3;
/// All of them.
pub const ALL: u32 = REGISTER | SESSIONS | BATCHES | OBSERVATIONS;

/// Refuses no bits, and bits that stand for nothing.
pub fn check(functions: u32) -> Result<()> {
    require!(functions != 0 && functions & !ALL == 0, RegistryError::FunctionsInvalid);
    Ok(())
}
