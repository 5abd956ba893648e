//! What a voucher or a batch's leaf settles: the rules behind the settlement program's redeem and
//! claim.

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

/// Where what a voucher settles comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drawn {
    /// From what the escrow holds for everybody.
    pub escrow_micro_usdc: u64,
    /// From the bond of the voucher's channel.
    pub bond_micro_usdc: u64,
}

impl Drawn {
    /// What settles in all. Both are parts of what was owed, so the sum fits.
    pub const fn micro_usdc(&self) -> u64 {
        self.escrow_micro_usdc.saturating_add(self.bond_micro_usdc)
    }
}

/// What settles now, in micro-USDC, when `bond_micro_usdc` lie behind the voucher's channel alone.
///
/// The escrow pays first, the bond what the escrow cannot: so a channel that owes no more than its
/// bond is paid in full, whatever else its app has signed.
pub fn draws(
    state: &SettleState,
    bond_micro_usdc: u64,
    voucher: &Voucher,
) -> Result<Drawn, SettleError> {
    let escrow_micro_usdc = state.escrow_available_micro_usdc;
    let backed = SettleState {
        escrow_available_micro_usdc: escrow_micro_usdc.saturating_add(bond_micro_usdc),
        ..*state
    };
    let amount = settles(&backed, voucher)?;
    let from_escrow = amount.min(escrow_micro_usdc);
    Ok(Drawn { escrow_micro_usdc: from_escrow, bond_micro_usdc: amount - from_escrow })
}

/// What a leaf of a batch settles now, in micro-USDC, when the batch may still pay
/// `batch_left_micro_usdc`.
///
/// A leaf that has nothing to settle settles zero and is no error: two who bring the same leaf, or
/// a leaf and its voucher, do each other no harm. One above the cap is
/// [`OverCap`](SettleError::OverCap). What escrow or batch cannot pay now stays owed. A bond pays
/// no leaf: only what an app has signed shows that it owes more than it holds.
pub fn claims(
    state: &SettleState,
    batch_left_micro_usdc: u64,
    cumulative_micro_usdc: u64,
) -> Result<u64, SettleError> {
    let owed = cumulative_micro_usdc.saturating_sub(state.settled_micro_usdc);
    if owed == 0 {
        return Ok(0);
    }
    if cumulative_micro_usdc > state.cap_micro_usdc {
        return Err(SettleError::OverCap);
    }
    Ok(owed.min(state.escrow_available_micro_usdc).min(batch_left_micro_usdc))
}
