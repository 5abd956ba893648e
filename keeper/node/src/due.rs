//! When a voucher is due to be redeemed. Pure.

use crate::config::{NodeConfig, Redeem};
use heliograph_protocol::Address;
use heliograph_store::UnsettledSession;
use std::collections::HashMap;

/// When the node redeems by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The configured patience; `None` redeems at once.
    after_secs: Option<u64>,
    /// What a channel may owe before patience ends: half of the least bond the network asks for, so
    /// that there is room to serve on until the redeem is through; 0 = any amount.
    owed_max_micro_usdc: u64,
}

impl Due {
    /// As configured, on a network that asks for this bond behind each channel.
    pub fn new(config: &NodeConfig, channel_bond_min_micro_usdc: u64) -> Self {
        let after_secs = (config.redeem == Redeem::Late).then_some(config.redeem_after_secs);
        Self { after_secs, owed_max_micro_usdc: channel_bond_min_micro_usdc / 2 }
    }

    /// Whether vouchers are left to settlers for a while.
    pub const fn waits(&self) -> bool {
        self.after_secs.is_some()
    }

    /// Of these sessions, those whose vouchers the node brings by itself now.
    pub fn select(&self, unsettled: &[UnsettledSession], now_unix_ms: u64) -> Vec<bool> {
        let mut owed: HashMap<Address, u64> = HashMap::new();
        for session in unsettled {
            let sum = owed.entry(session.newest.voucher.channel).or_default();
            *sum = sum.saturating_add(owed_by(session));
        }
        let max = if self.owed_max_micro_usdc == 0 { u64::MAX } else { self.owed_max_micro_usdc };
        let crowded = |session: &UnsettledSession| owed[&session.newest.voucher.channel] > max;
        unsettled.iter().map(|one| self.is_due(one, now_unix_ms) || crowded(one)).collect()
    }

    /// Whether the node redeems by itself now: nobody has settled the voucher for as long as it is
    /// left to settlers, or the session's last moment is as near.
    fn is_due(&self, unsettled: &UnsettledSession, now_unix_ms: u64) -> bool {
        let Some(after_secs) = self.after_secs else { return true };
        let now_unix_secs = now_unix_ms / 1_000;
        let waited_ms = now_unix_ms.saturating_sub(unsettled.since_unix_ms);
        waited_ms >= after_secs.saturating_mul(1_000)
            || now_unix_secs.saturating_add(after_secs) >= unsettled.redeemable_until_unix_secs
    }
}

/// What a session's newest voucher says beyond what is settled.
const fn owed_by(unsettled: &UnsettledSession) -> u64 {
    let signed = unsettled.newest.voucher.cumulative_micro_usdc;
    signed.saturating_sub(unsettled.settled_micro_usdc)
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

    fn patient(after_secs: Option<u64>) -> Due {
        Due { after_secs, owed_max_micro_usdc: 0 }
    }

    #[test]
    fn without_settlers_everything_is_due_at_once() {
        assert!(!patient(None).waits());
        assert!(patient(None).is_due(&unsettled(0, 86_400), NOW_UNIX_MS));
    }

    #[test]
    fn late_redeem_waits_for_settlers_and_no_longer() {
        let due = patient(Some(600));
        assert!(due.waits());
        assert!(!due.is_due(&unsettled(599_999, 86_400), NOW_UNIX_MS));
        assert!(due.is_due(&unsettled(600_000, 86_400), NOW_UNIX_MS));
    }

    #[test]
    fn late_redeem_does_not_miss_the_last_moment() {
        let due = patient(Some(600));
        assert!(!due.is_due(&unsettled(0, 601), NOW_UNIX_MS));
        assert!(due.is_due(&unsettled(0, 600), NOW_UNIX_MS));
        assert!(patient(Some(u64::MAX)).is_due(&unsettled(0, 86_400), NOW_UNIX_MS));
    }

    #[test]
    fn channel_that_owes_half_its_bond_is_not_left_to_settlers() {
        let mut config: NodeConfig = serde_json::from_value(serde_json::json!({
            "keypair": "node.json",
            "transcription": { "model": "model.bin", "vad_model": "vad.bin" },
        }))
        .unwrap();
        config.redeem = Redeem::Late;
        let select = |bond_min: u64, sessions: &[UnsettledSession]| {
            Due::new(&config, bond_min).select(sessions, NOW_UNIX_MS)
        };
        let one = unsettled(0, 86_400);
        let other_channel = {
            let mut other = unsettled(0, 86_400);
            other.newest.voucher.channel = [9; 32];
            other
        };
        let settled = UnsettledSession { settled_micro_usdc: 4_999, ..unsettled(0, 86_400) };
        // 5,000 owed of the one, 5,001 of the channel with the other's rest.
        assert_eq!(select(10_000, std::slice::from_ref(&one)), [false]);
        assert_eq!(select(9_998, std::slice::from_ref(&one)), [true]);
        let three = [one, settled, other_channel];
        assert_eq!(select(10_000, &three), [true, true, false]);
        assert_eq!(select(10_002, &three), [false; 3]);
        assert_eq!(select(0, &three), [false; 3], "a network without bonds");
        config.redeem = Redeem::Always;
        assert_eq!(Due::new(&config, 0).select(&three, NOW_UNIX_MS), [true; 3]);
    }
}
