//! How much more a session can pay for. Pure.

use heliograph_client::stream::EndReason;
use heliograph_protocol::SECS_PER_MINUTE;
use heliograph_settlement::state::Escrow;

/// What stands between a session and its next minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// What the session's cap leaves.
    pub cap_left_micro_usdc: u64,
    /// What the escrow holds that neither vouchers nor a withdrawal under notice lay claim to.
    pub escrow_left_micro_usdc: u64,
    /// Price of a minute.
    pub price_micro_usdc: u64,
}

/// What `escrow` can still promise, given what this node is owed and has not settled.
///
/// A withdrawal under notice counts as gone: the node could redeem against it only for as long as
/// the notice runs.
pub fn escrow_left(escrow: &Escrow, outstanding_micro_usdc: u64) -> u64 {
    escrow
        .available_micro_usdc()
        .unwrap_or(0)
        .saturating_sub(escrow.pending_withdrawal_micro_usdc)
        .saturating_sub(outstanding_micro_usdc)
}

impl Means {
    /// Whole seconds of the next minute that can be paid, and what ends the session after them;
    /// `None` if the whole minute can.
    pub fn limit(&self) -> Option<(u64, EndReason)> {
        if self.price_micro_usdc == 0 {
            return None;
        }
        let secs = |micro_usdc: u64| {
            let product = u128::from(micro_usdc) * u128::from(SECS_PER_MINUTE);
            u64::try_from(product / u128::from(self.price_micro_usdc)).unwrap_or(u64::MAX)
        };
        let (left, reason) = if self.escrow_left_micro_usdc < self.cap_left_micro_usdc {
            (self.escrow_left_micro_usdc, EndReason::EscrowExhausted)
        } else {
            (self.cap_left_micro_usdc, EndReason::CapReached)
        };
        let affordable = secs(left);
        (affordable < SECS_PER_MINUTE).then_some((affordable, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(cap: u64, escrow: u64) -> Means {
        Means { cap_left_micro_usdc: cap, escrow_left_micro_usdc: escrow, price_micro_usdc: 5_000 }
    }

    #[test]
    fn a_whole_minute_has_no_limit() {
        assert_eq!(means(5_000, 5_000).limit(), None);
        assert_eq!(means(u64::MAX, u64::MAX).limit(), None);
    }

    #[test]
    fn part_of_a_minute_is_limited_to_seconds_that_can_be_paid() {
        assert_eq!(means(9_000, 2_500).limit(), Some((30, EndReason::EscrowExhausted)));
        assert_eq!(means(2_500, 9_000).limit(), Some((30, EndReason::CapReached)));
        assert_eq!(means(4_999, 9_000).limit(), Some((59, EndReason::CapReached)));
        assert_eq!(means(9_000, 83).limit(), Some((0, EndReason::EscrowExhausted)));
        for micro_usdc in 0..5_000u64 {
            let (secs, _) = means(micro_usdc, micro_usdc).limit().unwrap();
            assert!(secs * 5_000 / 60 <= micro_usdc, "{secs} s cost more than {micro_usdc}");
        }
    }

    #[test]
    fn a_free_minute_is_never_limited() {
        assert_eq!(Means { price_micro_usdc: 0, ..means(0, 0) }.limit(), None);
    }
}
