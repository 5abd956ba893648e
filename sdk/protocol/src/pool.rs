//! Delegated stake: a pool of tokens that belongs to the holders of its shares, and what it earns.
//!
//! Every rounding is against the one who moves: who joins gets no more shares than paid for, who
//! leaves no more tokens than the shares are worth. What is lost to rounding stays with the others.

/// Tokens and the shares they are divided into.
///
/// A share is worth at most one unit: it costs one at first, and only losses change that. So
/// `tokens ≤ shares` always, and whatever is paid in buys at least as many shares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    /// Units of the stake mint.
    pub tokens: u64,
    /// Shares, of which everybody together holds all.
    pub shares: u64,
}

/// Why a pool takes nothing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolError {
    /// Everything was lost: a share is worth nothing, so no number of them is worth an amount.
    Lost,
    /// More shares than 64 bits can count: nearly everything was lost, or amounts are absurd.
    Overflow,
}

impl Pool {
    /// Takes `amount` in and returns the shares it buys: `⌊amount · shares / tokens⌋`.
    pub fn join(&mut self, amount: u64) -> Result<u64, PoolError> {
        let bought = match (self.tokens, self.shares) {
            (_, 0) => amount,
            (0, _) => return Err(PoolError::Lost),
            (tokens, shares) => mul_div(amount, shares, tokens).ok_or(PoolError::Overflow)?,
        };
        let tokens = self.tokens.checked_add(amount).ok_or(PoolError::Overflow)?;
        let shares = self.shares.checked_add(bought).ok_or(PoolError::Overflow)?;
        *self = Self { tokens, shares };
        Ok(bought)
    }

    /// What `shares` of the pool are worth now: `⌊shares · tokens / all shares⌋`. `None` when there
    /// are not so many.
    pub fn value(&self, shares: u64) -> Option<u64> {
        match self.shares.checked_sub(shares)? {
            // Whoever holds all the shares holds all the tokens.
            0 => Some(self.tokens),
            _ => mul_div(shares, self.tokens, self.shares),
        }
    }

    /// Burns `shares` and returns the tokens that leave with them. `None` when there are not so
    /// many.
    pub fn leave(&mut self, shares: u64) -> Option<u64> {
        let amount = self.value(shares)?;
        let tokens = self.tokens.checked_sub(amount)?;
        *self = Self { tokens, shares: self.shares.checked_sub(shares)? };
        Some(amount)
    }
}

/// Divides a loss of at most `own + pooled` between the owner's stake and the pool, in proportion.
/// The owner's part is rounded up, the pool's down. Returns `(own, pooled)`; together they are
/// `amount`, or all there is where that is less.
pub fn divide_loss(amount: u64, own: u64, pooled: u64) -> (u64, u64) {
    let all = u128::from(own) + u128::from(pooled);
    let amount = u128::from(amount).min(all);
    if all == 0 {
        return (0, 0);
    }
    let of_pool = amount * u128::from(pooled) / all;
    // Both are at most what they are a part of, so they fit.
    ((amount - of_pool) as u64, of_pool as u64)
}

/// By how much a reward of `amount` raises what a share has earned, in 2⁻⁶⁴ units:
/// `⌊amount · 2⁶⁴ / shares⌋`. `None` without shares.
pub const fn reward_per_share(amount: u64, shares: u64) -> Option<u128> {
    ((amount as u128) << 64).checked_div(shares as u128)
}

/// What `shares` earned while a share's earnings went from `from` to `to`, rounded down. `None`
/// when they shrank, or the sum does not fit 64 bits.
pub fn earned(shares: u64, from: u128, to: u128) -> Option<u64> {
    let each = to.checked_sub(from)?;
    let (whole, fraction) = (each >> 64, each & u128::from(u64::MAX));
    let shares = u128::from(shares);
    let sum = shares.checked_mul(whole)?.checked_add((shares * fraction) >> 64)?;
    u64::try_from(sum).ok()
}

/// `⌊a · b / c⌋`, where it fits; `c` is not zero.
fn mul_div(a: u64, b: u64, c: u64) -> Option<u64> {
    u64::try_from((u128::from(a) * u128::from(b)).checked_div(u128::from(c))?).ok()
}
