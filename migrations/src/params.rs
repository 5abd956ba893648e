//! The parameters a network begins with.

use crate::Error;
use heliograph_protocol::shares::{DEFAULT_OPERATOR_BPS, DEFAULT_SETTLER_BPS};
use heliograph_registry::state::NetworkParams;
use serde::{Deserialize, Serialize};

const MINUTE_SECS: u32 = 60;
const HOUR_SECS: u32 = 60 * MINUTE_SECS;
const DAY_SECS: u32 = 24 * HOUR_SECS;
const USDC: u64 = 1_000_000;

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
    /// How long a change of the parameters waits. Default three days; at least
    /// `withdrawal_notice_secs`, so that who dislikes a change can leave before it.
    pub timelock_secs: u32,
    /// Stake an observer needs to be active, in whole tokens of the stake mint. Default 500.
    pub observer_stake_min_tokens: u64,
    /// Bond a settler needs to be active, in the payment mint. Default 1000 USDC.
    pub settler_bond_min_micro_usdc: u64,
    /// How long nothing of a posted batch can be claimed. Default one hour: time for anybody to
    /// fetch the leaves and look at them.
    pub challenge_window_secs: u32,
    /// How long a settler has to answer a challenge. Default six hours.
    pub challenge_response_secs: u32,
    /// How long a posted batch can be challenged. Default one day.
    pub dispute_secs: u32,
    /// What a challenger puts down. Default 10 USDC.
    pub challenge_bond_micro_usdc: u64,
    /// The most one batch, of one minute, may pay. Default 1000 USDC.
    pub batch_total_max_micro_usdc: u64,
    /// Length of an epoch of quality. Default one hour.
    pub epoch_secs: u32,
    /// Observers without whom a node gets no score. Default 3.
    pub observer_quorum: u8,
    /// How long the accused has to refute a case, and once more to make the robbed whole. Default
    /// eight hours; twice of it must be less than `dispute_secs`.
    pub case_window_secs: u32,
    /// What the reporter of a case puts down. Default 0.05 SOL: a dismissed case costs as much.
    pub case_bond_lamports: u64,
    /// What two receipts for one minute cost a node, in basis points of all stake behind it.
    /// Default 5000.
    pub equivocation_slash_bps: u16,
    /// What a leaf without a voucher costs a settler, in basis points of its bond. Default 2000.
    pub challenge_slash_bps: u16,
    /// What bad epochs cost a node, in basis points of all stake behind it. Default 100.
    pub downtime_slash_bps: u16,
    /// What two roots for one epoch cost an observer, in basis points of its stake. Default 2000.
    pub observer_fraud_slash_bps: u16,
    /// Bad epochs that make a case. Default 12, …
    pub downtime_epochs: u8,
    /// … of so many that a node was last scored for. Default 24: a day with the usual epochs.
    pub downtime_window_epochs: u8,
    /// An epoch scored below this is a bad one, in parts per million. Default 500000.
    pub score_min_ppm: u32,
    /// How long somebody who was found guilty stays in jail. Default seven days.
    pub jail_secs: u32,
    /// The reporter's part of a penalty, in basis points. Default 1000: less than a penalty that
    /// somebody reports to get its own stake back would leave.
    pub reporter_bps: u16,
    /// The victim's part, in basis points, where there is one. Default 4000.
    pub victim_bps: u16,
    /// What an app must have put behind a channel to open sessions on it. Default 1 USDC: 200
    /// transcribed minutes at the usual price, or ten minutes of a call of a hundred.
    pub channel_bond_min_micro_usdc: u64,
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
            timelock_secs: 3 * DAY_SECS,
            observer_stake_min_tokens: 500,
            settler_bond_min_micro_usdc: 1_000 * USDC,
            challenge_window_secs: HOUR_SECS,
            challenge_response_secs: 6 * HOUR_SECS,
            dispute_secs: DAY_SECS,
            challenge_bond_micro_usdc: 10 * USDC,
            batch_total_max_micro_usdc: 1_000 * USDC,
            epoch_secs: HOUR_SECS,
            observer_quorum: 3,
            case_window_secs: 8 * HOUR_SECS,
            case_bond_lamports: 50_000_000,
            equivocation_slash_bps: 5_000,
            challenge_slash_bps: 2_000,
            downtime_slash_bps: 100,
            observer_fraud_slash_bps: 2_000,
            downtime_epochs: 12,
            downtime_window_epochs: 24,
            score_min_ppm: 500_000,
            jail_secs: 7 * DAY_SECS,
            reporter_bps: 1_000,
            victim_bps: 4_000,
            channel_bond_min_micro_usdc: USDC,
        }
    }
}

impl Params {
    /// The parameters as the registry stores them; minimum stakes in units of a mint with
    /// `stake_decimals`.
    pub fn to_network(&self, stake_decimals: u8) -> Result<NetworkParams, Error> {
        let units = |name: &'static str, tokens: u64| {
            10u64
                .checked_pow(stake_decimals.into())
                .and_then(|unit| unit.checked_mul(tokens))
                .ok_or_else(|| Error::Param {
                    name,
                    reason: format!("does not fit 64 bits with {stake_decimals} decimals"),
                })
        };
        Ok(NetworkParams {
            operator_bps: self.operator_bps,
            settler_bps: self.settler_bps,
            voucher_grace_secs: self.voucher_grace_secs,
            redeem_grace_secs: self.redeem_grace_secs,
            withdrawal_notice_secs: self.withdrawal_notice_secs,
            unbonding_secs: self.unbonding_secs,
            session_secs_max: self.session_secs_max,
            node_stake_min: units("node_stake_min_tokens", self.node_stake_min_tokens)?,
            timelock_secs: self.timelock_secs,
            observer_stake_min: units("observer_stake_min_tokens", self.observer_stake_min_tokens)?,
            settler_bond_min_micro_usdc: self.settler_bond_min_micro_usdc,
            challenge_window_secs: self.challenge_window_secs,
            challenge_response_secs: self.challenge_response_secs,
            dispute_secs: self.dispute_secs,
            challenge_bond_micro_usdc: self.challenge_bond_micro_usdc,
            batch_total_max_micro_usdc: self.batch_total_max_micro_usdc,
            epoch_secs: self.epoch_secs,
            observer_quorum: self.observer_quorum,
            case_window_secs: self.case_window_secs,
            case_bond_lamports: self.case_bond_lamports,
            equivocation_slash_bps: self.equivocation_slash_bps,
            challenge_slash_bps: self.challenge_slash_bps,
            downtime_slash_bps: self.downtime_slash_bps,
            observer_fraud_slash_bps: self.observer_fraud_slash_bps,
            downtime_epochs: self.downtime_epochs,
            downtime_window_epochs: self.downtime_window_epochs,
            score_min_ppm: self.score_min_ppm,
            jail_secs: self.jail_secs,
            reporter_bps: self.reporter_bps,
            victim_bps: self.victim_bps,
            channel_bond_min_micro_usdc: self.channel_bond_min_micro_usdc,
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
        assert_eq!(params.observer_stake_min, 500_000_000_000);
    }

    #[test]
    fn stake_beyond_64_bits_is_refused() {
        let params = Params { node_stake_min_tokens: 18_446_744_074, ..Params::default() };
        let error = params.to_network(9).unwrap_err();
        assert!(error.to_string().contains("node_stake_min_tokens"), "{error}");
        assert_eq!(params.to_network(8).unwrap().node_stake_min, 1_844_674_407_400_000_000);
    }
}
