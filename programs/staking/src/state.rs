//! Accounts.

use crate::error::StakingError;
use anchor_lang::prelude::*;
use heliograph_registry::state::{KeeperRole, Subject};

/// Unbondings of one position that can be under way at once.
pub const UNBONDING_SLOTS: usize = 8;

/// An amount on its way out. A slot with amount 0 is free.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace,
)]
pub struct Unbonding {
    pub amount: u64,
    /// Unix time from which it can be withdrawn.
    pub available_at: i64,
}

/// What a position stands behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub enum Role {
    /// A node: stakes the stake mint, and takes delegations.
    Node,
    /// An observer: stakes the stake mint.
    Observer,
    /// A settler: bonds the payment mint, because what it can take is the payment mint, and who
    /// loses it is to be made whole in it.
    Settler,
}

impl Role {
    /// The role of a registry account.
    pub fn of(subject: &Subject) -> Self {
        match subject {
            Subject::Node(_) => Self::Node,
            Subject::Keeper(keeper) => match keeper.role {
                KeeperRole::Observer => Self::Observer,
                KeeperRole::Settler => Self::Settler,
            },
        }
    }
}

/// The stake behind one registry account. PDA `[seeds::POSITION, subject]`.
///
/// The vault holds at least `bonded` plus the sum of the unbonding slots.
#[account]
#[derive(Debug, InitSpace)]
pub struct Position {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub vault_bump: u8,
    pub role: Role,
    /// The registry account: a `Node` or a `Keeper`.
    pub subject: Pubkey,
    /// Who deposits and withdraws.
    pub owner: Pubkey,
    /// What is staked; fixed by the role when the position was opened.
    pub mint: Pubkey,
    /// Stake that counts.
    pub bonded: u64,
    /// Stake on its way out: slashable, no longer counted.
    pub unbonding: [Unbonding; UNBONDING_SLOTS],
    pub opened_at: i64,
    /// For later fields; zero.
    pub reserved: [u8; 128],
}

impl Position {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Sum of the unbonding slots.
    pub fn unbonding_total(&self) -> Result<u64> {
        self.unbonding
            .iter()
            .try_fold(0u64, |sum, slot| sum.checked_add(slot.amount))
            .ok_or_else(|| error!(StakingError::Overflow))
    }

    /// Adds to the stake that counts.
    pub fn bond(&mut self, amount: u64) -> Result<()> {
        require_gt!(amount, 0, StakingError::AmountZero);
        self.bonded = self.bonded.checked_add(amount).ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Moves `amount` from bonded into a free slot.
    pub fn start_unbonding(&mut self, amount: u64, available_at: i64) -> Result<()> {
        require_gt!(amount, 0, StakingError::AmountZero);
        let bonded = self.bonded.checked_sub(amount).ok_or(StakingError::AmountAboveBonded)?;
        let slot = self
            .unbonding
            .iter_mut()
            .find(|slot| slot.amount == 0)
            .ok_or(StakingError::UnbondingSlotsFull)?;
        *slot = Unbonding { amount, available_at };
        self.bonded = bonded;
        Ok(())
    }

    /// Frees every slot whose cooldown is over at `now` and returns their sum.
    pub fn take_matured(&mut self, now: i64) -> Result<u64> {
        let mut total = 0u64;
        for slot in &mut self.unbonding {
            if slot.amount > 0 && slot.available_at <= now {
                total = total.checked_add(slot.amount).ok_or(StakingError::Overflow)?;
                *slot = Unbonding::default();
            }
        }
        require_gt!(total, 0, StakingError::NothingMatured);
        Ok(total)
    }
}
