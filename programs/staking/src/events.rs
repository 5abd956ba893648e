//! What happened, for those who rebuild the accounts from history. Fields are only ever appended.

use crate::state::Role;
use anchor_lang::prelude::*;

#[event]
#[derive(Clone, Debug)]
pub struct PositionOpened {
    pub position: Pubkey,
    pub subject: Pubkey,
    pub owner: Pubkey,
    pub role: Role,
    pub mint: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct StakeDeposited {
    pub position: Pubkey,
    pub amount: u64,
    pub bonded: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct StakeUnbonding {
    pub position: Pubkey,
    pub amount: u64,
    pub available_at: i64,
    pub bonded: u64,
    pub unbonding: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct StakeWithdrawn {
    pub position: Pubkey,
    pub amount: u64,
    pub unbonding: u64,
}
