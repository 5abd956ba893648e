use crate::error::SettlementError;
use anchor_lang::prelude::*;
use bytemuck::{Pod, Zeroable};

/// What has been settled, and of that what has been paid. Both only grow; `paid ≤ settled`.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    AnchorSerialize,
    AnchorDeserialize,
    InitSpace,
    Pod,
    Zeroable,
)]
#[repr(C)]
pub struct Totals {
    /// Sum of what vouchers have settled.
    pub settled_micro_usdc: u64,
    /// Sum of what has left for operators and treasury.
    pub paid_micro_usdc: u64,
}

impl Totals {
    /// Counts an amount that is settled and paid at once, as a redeem does.
    pub fn settle_and_pay(&mut self, amount: u64) -> Result<()> {
        self.settled_micro_usdc =
            self.settled_micro_usdc.checked_add(amount).ok_or(SettlementError::Overflow)?;
        self.paid_micro_usdc =
            self.paid_micro_usdc.checked_add(amount).ok_or(SettlementError::Overflow)?;
        Ok(())
    }
}
