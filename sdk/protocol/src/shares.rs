//! How a payment is divided.

use borsh::{BorshDeserialize, BorshSerialize};

/// One whole in basis points.
pub const BPS: u16 = 10_000;
/// Default share of the operator.
pub const DEFAULT_OPERATOR_BPS: u16 = 7_500;
/// Default share of the settler, when one claims; the treasury's otherwise.
pub const DEFAULT_SETTLER_BPS: u16 = 500;

/// The shares of operator and settler; the rest is the treasury's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Shares {
    /// Operator's share.
    pub operator_bps: u16,
    /// Settler's share of what it claims.
    pub settler_bps: u16,
}

impl Shares {
    /// The network's default.
    pub const DEFAULT: Self =
        Self { operator_bps: DEFAULT_OPERATOR_BPS, settler_bps: DEFAULT_SETTLER_BPS };

    /// Whether the shares are more than one whole.
    pub const fn is_invalid(&self) -> bool {
        self.operator_bps as u32 + self.settler_bps as u32 > BPS as u32
    }

    /// Divides what is paid when a session's paid total goes from `before` to `after`.
    ///
    /// The operator gets `⌊after · share⌋ − ⌊before · share⌋`: the same in the end, however the
    /// total was cut into payments. The settler's part of this payment is rounded down; the
    /// treasury gets the rest, so the three parts add up to `after − before` to the unit.
    /// `None` when `after < before` or the shares are invalid.
    pub fn split(&self, before: u64, after: u64, settler: bool) -> Option<Split> {
        if self.is_invalid() {
            return None;
        }
        let total = after.checked_sub(before)?;
        let operator_micro_usdc = floor_share(after, self.operator_bps)
            .checked_sub(floor_share(before, self.operator_bps))?;
        let left = total.checked_sub(operator_micro_usdc)?;
        let settler_micro_usdc =
            if settler { floor_share(total, self.settler_bps).min(left) } else { 0 };
        Some(Split {
            operator_micro_usdc,
            settler_micro_usdc,
            treasury_micro_usdc: left.checked_sub(settler_micro_usdc)?,
        })
    }
}

/// A payment's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Split {
    /// To the operator's payout account.
    pub operator_micro_usdc: u64,
    /// To the settler.
    pub settler_micro_usdc: u64,
    /// To the treasury.
    pub treasury_micro_usdc: u64,
}

/// `⌊amount · bps / 10 000⌋`. Both products fit because `bps ≤ 10 000` (checked by the caller's
/// `is_invalid`): the first is at most `amount`, the second below 10⁸. So nothing wraps; a program
/// pays a multiplication of 128 bits for each one that looks whether it does.
pub(crate) const fn floor_share(amount: u64, bps: u16) -> u64 {
    let whole = BPS as u64;
    let share = bps as u64;
    let wholes = (amount / whole).wrapping_mul(share);
    wholes.wrapping_add((amount % whole).wrapping_mul(share) / whole)
}
