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

/// `amount` is what was really taken: less than `requested` where there was less.
#[event]
#[derive(Clone, Debug)]
pub struct StakeSlashed {
    pub position: Pubkey,
    pub destination: Pubkey,
    pub requested: u64,
    pub amount: u64,
    pub bonded: u64,
    pub unbonding: u64,
    pub delegated: u64,
    pub held: u64,
    pub held_delegated: u64,
}

/// `amount` is what is really held: less than `requested` where less was free.
#[event]
#[derive(Clone, Debug)]
pub struct StakeHeld {
    pub position: Pubkey,
    pub requested: u64,
    pub amount: u64,
    pub held: u64,
    pub held_delegated: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct HoldReleased {
    pub position: Pubkey,
    pub requested: u64,
    pub amount: u64,
    pub held: u64,
    pub held_delegated: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct DelegationOpened {
    pub delegation: Pubkey,
    pub position: Pubkey,
    pub delegator: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct StakeDelegated {
    pub delegation: Pubkey,
    pub amount: u64,
    pub shares: u64,
    pub delegated: u64,
    pub delegated_shares: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct StakeUndelegating {
    pub delegation: Pubkey,
    pub shares: u64,
    pub available_at: i64,
    pub undelegating_shares: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct DelegationWithdrawn {
    pub delegation: Pubkey,
    pub shares: u64,
    pub amount: u64,
    pub delegated: u64,
    pub delegated_shares: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct RewardsAdded {
    pub position: Pubkey,
    pub amount_micro_usdc: u64,
    pub reward_per_share: u128,
}

#[event]
#[derive(Clone, Debug)]
pub struct RewardsClaimed {
    pub delegation: Pubkey,
    pub amount_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct DelegationClosed {
    pub delegation: Pubkey,
    pub position: Pubkey,
    pub delegator: Pubkey,
}
