//! The parameters a network begins with.

use crate::Error;
use heliograph_protocol::shares::{DEFAULT_OPERATOR_BPS, DEFAULT_SETTLER_BPS};
use heliograph_registry::state::NetworkParams;
use serde::{Deserialize, Serialize};

const MINUTE_SECS: u32 = 60;
const DAY_SECS: u32 = 24 * 60 * MINUTE_SECS;

/// Parameters of a new network. A file may name some of them; the rest keep their defaults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Params {
    /// Operator's share of a payment, in basis points. Default 7500.
    pub operator_bps: u16,
    /// Settler's share of what it claims, in basis points; the treasury's when nobody settles for
    /// the node. Default 500. What is left of 10 000 goes to the treasury.
    pub settler_bps: u16,
    /// How long a node waits for the voucher of a closed minute before it stops serving. Default
    /// 60: one minute is what either side can lose.
    pub voucher_grace_secs: u32,
    /// How long after a session's end its vouchers can be redeemed. Default one day: a node that
    /// lost its cluster or its machine has that long to come back.
    pub redeem_grace_secs: u32,
    /// How long an app waits for a withdrawal. Default two days; must be more than
    /// `redeem_grace_secs`, so that nothing owed can be withdrawn.
    pub withdrawal_notice_secs: u32,
    /// How long stake stays slashable after unbonding. Default seven days, the time a case may take.
    pub unbonding_secs: u32,
    /// The longest a session can be opened for. Default 30 days, for standing sessions.
    pub session_secs_max: u32,
    /// Stake a node needs to be active, in whole tokens of the stake mint. Default 1000.
    pub node_stake_min_tokens: u64,
}

impl Default for Params {
    fn default() -> Self {
        Self {
            operator_bps: DEFAULT_OPERATOR_BPS,
            settler_bps: DEFAULT_SETTLER_BPS,
            voucher_grace_secs: MINUTE_SECS,
            redeem_grace_secs: DAY_SECS,
            withdrawal_notice_secs: 2 * DAY_SECS,
            unbonding_secs: 7 * DAY_SECS,
            session_secs_max: 30 * DAY_SECS,
            node_stake_min_tokens: 1_000,
        }
    }
}

impl Params {
    /// The parameters as the registry stores them; the minimum stake in units of a mint with
    /// `stake_decimals`.
    pub fn to_network(&self, stake_decimals: u8) -> Result<NetworkParams, Error> {
        let node_stake_min = 10u64
            .checked_pow(stake_decimals.into())
            .and_then(|unit| unit.checked_mul(self.node_stake_min_tokens))
            .ok_or_else(|| Error::Param {
                name: "node_stake_min_tokens",
                reason: format!("does not fit 64 bits with {stake_decimals} decimals"),
            })?;
        Ok(NetworkParams {
            operator_bps: self.operator_bps,
            settler_bps: self.settler_bps,
            voucher_grace_secs: self.voucher_grace_secs,
            redeem_grace_secs: self.redeem_grace_secs,
            withdrawal_notice_secs: self.withdrawal_notice_secs,
            unbonding_secs: self.unbonding_secs,
            session_secs_max: self.session_secs_max,
            node_stake_min,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_parameters_the_registry_accepts() {
        let params = Params::default().to_network(9).unwrap();
        params.validate().unwrap();
        assert_eq!(params.node_stake_min, 1_000_000_000_000);
    }

    #[test]
    fn stake_beyond_64_bits_is_refused() {
        let params = Params { node_stake_min_tokens: 18_446_744_074, ..Params::default() };
        let error = params.to_network(9).unwrap_err();
        assert!(error.to_string().contains("node_stake_min_tokens"), "{error}");
        assert_eq!(params.to_network(8).unwrap().node_stake_min, 1_844_674_407_400_000_000);
    }
}
