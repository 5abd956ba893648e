//! Errors. Numbers are part of the interface: never renumbered, never reused; blocks of 100.

use anchor_lang::prelude::*;

/// Anchor adds 6000 to the number.
#[error_code]
pub enum StakingError {
    // Position: 0…
    #[msg("Only the position's owner can do this")]
    NotOwner = 0,
    #[msg("Only who owns the node or keeper can open its position")]
    NotSubjectOwner = 1,
    #[msg("The position belongs to another node or keeper")]
    OtherSubject = 2,
    #[msg("The token account holds another mint than the position")]
    OtherMint = 3,
    #[msg("The network has another staking program")]
    OtherStakingProgram = 4,

    // Amounts: 100…
    #[msg("Amount must be greater than zero")]
    AmountZero = 100,
    #[msg("Amount is more than is bonded")]
    AmountAboveBonded = 101,
    #[msg("Amount overflows")]
    Overflow = 102,

    // Unbonding: 200…
    #[msg("All unbonding slots are in use: withdraw a matured one first")]
    UnbondingSlotsFull = 200,
    #[msg("Nothing to withdraw yet: no unbonding has passed its cooldown")]
    NothingMatured = 201,
    #[msg("An open case holds the stake until it is decided")]
    StakeHeld = 202,

    // Delegation: 300…
    #[msg("Only nodes take delegations")]
    NotDelegable = 300,
    #[msg("Everything delegated was slashed: the pool takes nothing in until all have left")]
    PoolLost = 301,
    #[msg("More shares than are delegated")]
    SharesAboveDelegated = 302,
    #[msg("Only the delegator can do this")]
    NotDelegator = 303,
    #[msg("The delegation is to another position")]
    OtherPosition = 304,
    #[msg("Nobody has delegated: there is nobody to reward")]
    NothingDelegated = 305,
    #[msg("There are no rewards to claim")]
    NothingToClaim = 306,
    #[msg("The delegation still holds shares or rewards")]
    DelegationNotEmpty = 307,
    #[msg("The rewards must lie in the position's standard token account")]
    OtherRewardsVault = 308,
}
