//! How much more a session can pay for. Pure.

use heliograph_client::stream::EndReason;
use heliograph_protocol::SECS_PER_MINUTE;
use heliograph_settlement::state::Escrow;

/// What stands between a session and its next minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Means {
    /// What the session's cap leaves.
    pub cap_left_micro_usdc: u64,
    /// What is sure to be paid, as [`backing_left`] says.
    pub escrow_left_micro_usdc: u64,
    /// Price of a minute.
    pub price_micro_usdc: u64,
}

/// What escrow and bond can still promise this node, given what it is owed and what it has let
/// begin, in micro-USDC.
///
/// On a network that asks for bonds, what the channel's bond covers and no more: nobody else can be
/// paid from it, so a node that keeps to this loses nothing that was signed, whatever the app signs
/// elsewhere. Where none is asked for, what the escrow holds for everybody counts too, and an app
/// that signs at several nodes at once can promise it more than once. There, a withdrawal under
/// notice counts as gone: the node could redeem against it only for as long as the notice runs.
pub fn backing_left(
    escrow: &Escrow,
    bond_micro_usdc: u64,
    bonds_required: bool,
    owed_micro_usdc: u64,
) -> u64 {
    let shared = if bonds_required {
        0
    } else {
        let available = escrow.available_micro_usdc().unwrap_or(0);
        available.saturating_sub(escrow.pending_withdrawal_micro_usdc)
    };
    bond_micro_usdc.saturating_add(shared).saturating_sub(owed_micro_usdc)
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
    use heliograph_settlement::state::Totals;

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

    fn escrow(available: u64, pending: u64) -> Escrow {
        Escrow {
            version: 1,
            bump: 0,
            vault_bump: 0,
            app: Default::default(),
            deposited_micro_usdc: available + 70,
            withdrawn_micro_usdc: 0,
            totals: Totals { settled_micro_usdc: 50, paid_micro_usdc: 50 },
            pending_withdrawal_micro_usdc: pending,
            withdrawal_available_at: 0,
            next_incarnation: 0,
            opened_at: 0,
            bonded_micro_usdc: 20,
            reserved: [0; 120],
        }
    }

    #[test]
    fn required_bond_alone_counts() {
        assert_eq!(backing_left(&escrow(1_000, 0), 20, true, 0), 20);
        assert_eq!(backing_left(&escrow(1_000, 0), 20, true, 15), 5);
        assert_eq!(backing_left(&escrow(1_000, 0), 20, true, 21), 0);
        // One that was drawn on is worth nothing until it is posted anew, whatever is deposited.
        assert_eq!(backing_left(&escrow(1_000, 0), 0, true, 0), 0);
    }

    #[test]
    fn without_required_bonds_the_escrow_counts_too_less_what_may_leave_it() {
        assert_eq!(backing_left(&escrow(1_000, 0), 0, false, 100), 900);
        assert_eq!(backing_left(&escrow(1_000, 300), 0, false, 100), 600);
        assert_eq!(backing_left(&escrow(1_000, 1_000), 20, false, 5), 15);
        assert_eq!(backing_left(&escrow(0, 0), 20, false, 50), 0);
    }

    #[test]
    fn a_free_minute_is_never_limited() {
        assert_eq!(Means { price_micro_usdc: 0, ..means(0, 0) }.limit(), None);
    }
}
