//! What a voucher settles: the rule behind the settlement program's redeem.

use crate::voucher::Voucher;

/// The session and escrow a voucher is brought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SettleState {
    /// What the session has settled so far.
    pub settled_micro_usdc: u64,
    /// The session's cap.
    pub cap_micro_usdc: u64,
    /// What the escrow holds that is not yet owed to anyone.
    pub escrow_available_micro_usdc: u64,
}

/// Why a voucher settles nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettleError {
    /// The session has settled as much or more already.
    Stale,
    /// The voucher promises more than the session's cap.
    OverCap,
    /// The escrow holds nothing.
    EscrowEmpty,
}

/// What settles now, in micro-USDC.
///
/// An escrow that holds less than is owed settles what it holds. The voucher stays good for the
/// rest: it can be brought again once the app has deposited.
pub fn settles(state: &SettleState, voucher: &Voucher) -> Result<u64, SettleError> {
    let owed = voucher
        .cumulative_micro_usdc
        .checked_sub(state.settled_micro_usdc)
        .filter(|owed| *owed > 0)
        .ok_or(SettleError::Stale)?;
    if voucher.cumulative_micro_usdc > state.cap_micro_usdc {
        return Err(SettleError::OverCap);
    }
    if state.escrow_available_micro_usdc == 0 {
        return Err(SettleError::EscrowEmpty);
    }
    Ok(owed.min(state.escrow_available_micro_usdc))
}
