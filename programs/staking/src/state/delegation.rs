use super::Position;
use crate::error::StakingError;
use anchor_lang::prelude::*;
use heliograph_protocol::pool::earned;

/// Undelegations of one delegation that can be under way at once.
pub const UNDELEGATION_SLOTS: usize = 4;

/// Shares on their way out. A slot with 0 shares is free.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace,
)]
pub struct Undelegation {
    pub shares: u64,
    /// Unix time from which they can be withdrawn, for what they are worth then.
    pub available_at: i64,
}

/// What somebody has delegated to a node. PDA `[seeds::DELEGATION, position, delegator]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Delegation {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// The node's position.
    pub position: Pubkey,
    /// Who delegates, withdraws and claims.
    pub delegator: Pubkey,
    /// Shares of the position's pool that earn.
    pub shares: u64,
    /// Shares that stopped earning and wait out the cooldown.
    pub undelegating: [Undelegation; UNDELEGATION_SLOTS],
    /// The position's `reward_per_share` up to which rewards have been counted.
    pub counted_per_share: u128,
    /// Rewards counted and not claimed.
    pub rewards_micro_usdc: u64,
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

impl Delegation {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Counts what the shares have earned since the last time. Before every change of `shares`.
    pub fn count_rewards(&mut self, position: &Position) -> Result<()> {
        let more = earned(self.shares, self.counted_per_share, position.reward_per_share)
            .ok_or(StakingError::Overflow)?;
        self.rewards_micro_usdc =
            self.rewards_micro_usdc.checked_add(more).ok_or(StakingError::Overflow)?;
        self.counted_per_share = position.reward_per_share;
        Ok(())
    }

    /// Adds shares that earn from now on.
    pub fn add(&mut self, shares: u64) -> Result<()> {
        self.shares = self.shares.checked_add(shares).ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Moves `shares` into a free slot.
    pub fn start_undelegating(&mut self, shares: u64, available_at: i64) -> Result<()> {
        require_gt!(shares, 0, StakingError::AmountZero);
        let left = self.shares.checked_sub(shares).ok_or(StakingError::SharesAboveDelegated)?;
        let slot = self
            .undelegating
            .iter_mut()
            .find(|slot| slot.shares == 0)
            .ok_or(StakingError::UnbondingSlotsFull)?;
        *slot = Undelegation { shares, available_at };
        self.shares = left;
        Ok(())
    }

    /// Frees every slot whose cooldown is over at `now` and returns their shares.
    pub fn take_matured(&mut self, now: i64) -> Result<u64> {
        let mut total = 0u64;
        for slot in &mut self.undelegating {
            if slot.shares > 0 && slot.available_at <= now {
                total = total.checked_add(slot.shares).ok_or(StakingError::Overflow)?;
                *slot = Undelegation::default();
            }
        }
        require_gt!(total, 0, StakingError::NothingMatured);
        Ok(total)
    }

    /// Takes the rewards counted.
    pub fn take_rewards(&mut self) -> Result<u64> {
        let rewards = std::mem::take(&mut self.rewards_micro_usdc);
        require_gt!(rewards, 0, StakingError::NothingToClaim);
        Ok(rewards)
    }

    /// Whether nothing would be lost with the account.
    pub fn is_empty(&self) -> bool {
        self.shares == 0
            && self.rewards_micro_usdc == 0
            && self.undelegating.iter().all(|slot| slot.shares == 0)
    }
}
