use crate::error::StakingError;
use anchor_lang::prelude::*;
use heliograph_protocol::pool::{Pool, PoolError, divide_loss, reward_per_share};
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

/// What a slash took, by where it was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slashed {
    pub bonded: u64,
    pub unbonding: u64,
    pub delegated: u64,
}

impl Slashed {
    /// All of it. It fits: it lies in one token account.
    pub fn total(&self) -> u64 {
        self.bonded.saturating_add(self.unbonding).saturating_add(self.delegated)
    }
}

/// The stake behind one registry account. PDA `[seeds::POSITION, subject]`.
///
/// The vault holds at least `bonded`, the unbonding slots and `delegated` together; what is held is
/// never more than what there is to hold.
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
    /// Stake of others, in the same vault: slashable, and what [`Position::delegated_shares`] are
    /// shares of.
    pub delegated: u64,
    /// Shares of `delegated`, those on their way out included.
    pub delegated_shares: u64,
    /// Shares on their way out: slashable still, they earn nothing any more.
    pub undelegating_shares: u64,
    /// What a share has earned since the beginning, in 2⁻⁶⁴ micro-USDC.
    pub reward_per_share: u128,
    /// Of the owner's stake, what open cases hold: it cannot be withdrawn.
    pub held: u64,
    /// Of the delegated stake, what open cases hold. While it is not zero nobody leaves the pool.
    pub held_delegated: u64,
    /// For later fields; zero.
    pub reserved: [u8; 112],
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

    /// The owner's stake: bonded and on its way out. It fits: it lies in one token account.
    pub fn own(&self) -> u64 {
        self.unbonding.iter().fold(self.bonded, |sum, slot| sum.saturating_add(slot.amount))
    }

    /// All stake behind the subject, the owner's and the delegated.
    pub fn total(&self) -> u64 {
        self.own().saturating_add(self.delegated)
    }

    /// All that cases hold.
    pub fn held_total(&self) -> u64 {
        self.held.saturating_add(self.held_delegated)
    }

    /// Holds up to `amount` of what no case holds yet, of the owner's stake and of the delegated in
    /// proportion; returns how much.
    pub fn hold(&mut self, amount: u64) -> u64 {
        let free_own = self.own().saturating_sub(self.held);
        let free_delegated = self.delegated.saturating_sub(self.held_delegated);
        let (own, delegated) = divide_loss(amount, free_own, free_delegated);
        self.held = self.held.saturating_add(own);
        self.held_delegated = self.held_delegated.saturating_add(delegated);
        own.saturating_add(delegated)
    }

    /// Lets go of up to `amount` of what is held, in proportion; returns how much.
    pub fn release_hold(&mut self, amount: u64) -> u64 {
        let (own, delegated) = divide_loss(amount, self.held, self.held_delegated);
        self.held = self.held.saturating_sub(own);
        self.held_delegated = self.held_delegated.saturating_sub(delegated);
        own.saturating_add(delegated)
    }

    /// Takes what can leave at `now` out of the slots and returns how much that is: all of those
    /// whose cooldown is over, as long as no less is left than cases hold. The rest waits in its
    /// slots for the verdicts.
    pub fn take_matured(&mut self, now: i64) -> Result<u64> {
        let free = self.own().saturating_sub(self.held);
        let (mut matured, mut taken) = (0u64, 0u64);
        for slot in self.unbonding.iter_mut().filter(|slot| slot.available_at <= now) {
            matured = matured.checked_add(slot.amount).ok_or(StakingError::Overflow)?;
            let leaving = slot.amount.min(free.saturating_sub(taken));
            taken = taken.saturating_add(leaving);
            slot.amount = slot.amount.saturating_sub(leaving);
            if slot.amount == 0 {
                *slot = Unbonding::default();
            }
        }
        require_gt!(matured, 0, StakingError::NothingMatured);
        require_gt!(taken, 0, StakingError::StakeHeld);
        Ok(taken)
    }

    /// Takes up to `amount`, less where there is less: what is held first and its hold with it, then
    /// what is free; the owner's stake and the delegated in proportion; of the owner's what is
    /// bonded first, then what would leave last.
    ///
    /// What is held was divided when the case was opened. So it does not matter who has left since.
    ///
    /// Never fails: what a position has done must not keep it from being slashed.
    pub fn slash(&mut self, amount: u64) -> Slashed {
        let (held_own, held_delegated) = divide_loss(amount, self.held, self.held_delegated);
        self.held = self.held.saturating_sub(held_own);
        self.held_delegated = self.held_delegated.saturating_sub(held_delegated);
        // What is left on each side once the held part is gone, less what other cases hold.
        let free_own = self.own().saturating_sub(held_own).saturating_sub(self.held);
        let free_delegated =
            self.delegated.saturating_sub(held_delegated).saturating_sub(self.held_delegated);
        let rest = amount.saturating_sub(held_own).saturating_sub(held_delegated);
        let (more_own, more_delegated) = divide_loss(rest, free_own, free_delegated);
        let of_own = held_own.saturating_add(more_own);
        let delegated = held_delegated.saturating_add(more_delegated);
        self.delegated = self.delegated.saturating_sub(delegated);
        let bonded = of_own.min(self.bonded);
        self.bonded = self.bonded.saturating_sub(bonded);
        let unbonding = of_own.saturating_sub(bonded);
        let mut left = unbonding;
        while left > 0 {
            let slots = self.unbonding.iter_mut().filter(|slot| slot.amount > 0);
            let Some(last) = slots.max_by_key(|slot| slot.available_at) else { break };
            let taken = left.min(last.amount);
            left = left.saturating_sub(taken);
            last.amount = last.amount.saturating_sub(taken);
            if last.amount == 0 {
                *last = Unbonding::default();
            }
        }
        Slashed { bonded, unbonding, delegated }
    }

    fn pool(&self) -> Pool {
        Pool { tokens: self.delegated, shares: self.delegated_shares }
    }

    fn set_pool(&mut self, pool: Pool) {
        self.delegated = pool.tokens;
        self.delegated_shares = pool.shares;
    }

    /// Takes delegated stake in and returns the shares it buys.
    pub fn delegate(&mut self, amount: u64) -> Result<u64> {
        require!(self.role == Role::Node, StakingError::NotDelegable);
        require_gt!(amount, 0, StakingError::AmountZero);
        let mut pool = self.pool();
        let shares = pool.join(amount).map_err(|error| match error {
            PoolError::Lost => StakingError::PoolLost,
            _ => StakingError::Overflow,
        })?;
        self.set_pool(pool);
        Ok(shares)
    }

    /// Stops shares from earning; they stay in the pool.
    pub fn undelegate(&mut self, shares: u64) -> Result<()> {
        self.undelegating_shares =
            self.undelegating_shares.checked_add(shares).ok_or(StakingError::Overflow)?;
        Ok(())
    }

    /// Burns shares that were on their way out and returns what they are worth. Refuses while a case
    /// holds some of the pool: who left before its verdict would leave the loss to the others.
    pub fn withdraw_delegated(&mut self, shares: u64) -> Result<u64> {
        require!(self.held_delegated == 0, StakingError::StakeHeld);
        let mut pool = self.pool();
        let amount = pool.leave(shares).ok_or(StakingError::Overflow)?;
        self.undelegating_shares =
            self.undelegating_shares.checked_sub(shares).ok_or(StakingError::Overflow)?;
        self.set_pool(pool);
        Ok(amount)
    }

    /// Divides a reward among the shares that earn.
    pub fn reward(&mut self, amount_micro_usdc: u64) -> Result<()> {
        require_gt!(amount_micro_usdc, 0, StakingError::AmountZero);
        let earning = self
            .delegated_shares
            .checked_sub(self.undelegating_shares)
            .ok_or(StakingError::Overflow)?;
        let more =
            reward_per_share(amount_micro_usdc, earning).ok_or(StakingError::NothingDelegated)?;
        self.reward_per_share =
            self.reward_per_share.checked_add(more).ok_or(StakingError::Overflow)?;
        Ok(())
    }
}
