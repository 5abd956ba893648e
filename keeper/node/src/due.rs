//! When a voucher is due to be redeemed. Pure.

use crate::config::{NodeConfig, Redeem};
use heliograph_store::UnsettledSession;

/// The configured patience; `None` redeems at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due(Option<u64>);

impl Due {
    /// As configured.
    pub fn new(config: &NodeConfig) -> Self {
        Self((config.redeem == Redeem::Late).then_some(config.redeem_after_secs))
    }

    /// Whether vouchers are left to settlers for a while.
    pub const fn waits(&self) -> bool {
        self.0.is_some()
    }

    /// Whether the node redeems by itself now: nobody has settled the voucher for as long as it is
    /// left to settlers, or the session's last moment is as near.
    pub fn is_due(&self, unsettled: &UnsettledSession, now_unix_ms: u64) -> bool {
        let Some(after_secs) = self.0 else { return true };
        let now_unix_secs = now_unix_ms / 1_000;
        let waited_ms = now_unix_ms.saturating_sub(unsettled.since_unix_ms);
        waited_ms >= after_secs.saturating_mul(1_000)
            || now_unix_secs.saturating_add(after_secs) >= unsettled.redeemable_until_unix_secs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_protocol::evidence::Signed;
    use heliograph_protocol::voucher::Voucher;
    use heliograph_store::RecordedVoucher;

    const NOW_UNIX_MS: u64 = 1_780_000_000_000;

    fn unsettled(waited_ms: u64, secs_left: u64) -> UnsettledSession {
        let voucher = Voucher {
            channel: [1; 32],
            session: [2; 32],
            sequence: 0,
            cumulative_micro_usdc: 5_000,
            receipt_hash: [3; 32],
        };
        let signed = Signed { bytes: vec![], public_key: [4; 32], signature: [5; 64] };
        UnsettledSession {
            newest: RecordedVoucher { voucher, signed },
            settled_micro_usdc: 0,
            since_unix_ms: NOW_UNIX_MS - waited_ms,
            redeemable_until_unix_secs: NOW_UNIX_MS / 1_000 + secs_left,
            pending: None,
        }
    }

    #[test]
    fn without_settlers_everything_is_due_at_once() {
        assert!(!Due(None).waits());
        assert!(Due(None).is_due(&unsettled(0, 86_400), NOW_UNIX_MS));
    }

    #[test]
    fn late_redeem_waits_for_settlers_and_no_longer() {
        let due = Due(Some(600));
        assert!(due.waits());
        assert!(!due.is_due(&unsettled(599_999, 86_400), NOW_UNIX_MS));
        assert!(due.is_due(&unsettled(600_000, 86_400), NOW_UNIX_MS));
    }

    #[test]
    fn late_redeem_does_not_miss_the_last_moment() {
        let due = Due(Some(600));
        assert!(!due.is_due(&unsettled(0, 601), NOW_UNIX_MS));
        assert!(due.is_due(&unsettled(0, 600), NOW_UNIX_MS));
        assert!(Due(Some(u64::MAX)).is_due(&unsettled(0, 86_400), NOW_UNIX_MS));
    }
}
