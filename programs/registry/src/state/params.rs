use super::KeeperRole;
use crate::error::RegistryError;
use anchor_lang::prelude::*;
use heliograph_protocol::shares::Shares;

/// Most observers whose figures count for one node and epoch: the room of a tally.
pub const OBSERVERS_MAX: u8 = 16;

/// Parameters of the network. A change is proposed, and applies when the timelock is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub struct NetworkParams {
    /// Operator's share of a payment.
    pub operator_bps: u16,
    /// Settler's share of what it claims; the treasury's when nobody settles for the node.
    pub settler_bps: u16,
    /// How long a node waits for the voucher of a closed minute before it stops serving.
    pub voucher_grace_secs: u32,
    /// How long after a session's end its vouchers can be redeemed.
    pub redeem_grace_secs: u32,
    /// How long an app waits between asking for a withdrawal and getting it.
    pub withdrawal_notice_secs: u32,
    /// How long stake stays slashable after unbonding.
    pub unbonding_secs: u32,
    /// The longest a session can be opened for.
    pub session_secs_max: u32,
    /// Stake a node needs to be active, in units of the stake mint.
    pub node_stake_min: u64,
    /// How long a change of these parameters waits between proposal and application.
    pub timelock_secs: u32,
    /// Stake an observer needs to be active, in units of the stake mint.
    pub observer_stake_min: u64,
    /// Bond a settler needs to be active; it is in the payment mint, as its damage would be.
    pub settler_bond_min_micro_usdc: u64,
    /// How long after its posting nothing of a batch can be claimed.
    pub challenge_window_secs: u32,
    /// How long a settler has to answer a challenge.
    pub challenge_response_secs: u32,
    /// How long after its posting a batch can be challenged.
    pub dispute_secs: u32,
    /// What a challenger puts down; the settler's when it can answer. More than zero.
    pub challenge_bond_micro_usdc: u64,
    /// The most one batch may pay.
    pub batch_total_max_micro_usdc: u64,
    /// Length of an epoch of quality.
    pub epoch_secs: u32,
    /// Observers without whom a node gets no score; 1 to [`OBSERVERS_MAX`].
    pub observer_quorum: u8,
}

impl NetworkParams {
    /// The division of payments.
    pub fn shares(&self) -> Shares {
        Shares { operator_bps: self.operator_bps, settler_bps: self.settler_bps }
    }

    /// What a keeper of this role must have put down to be active: units of the stake mint for
    /// observers, micro-USDC for settlers.
    pub fn keeper_stake_min(&self, role: KeeperRole) -> u64 {
        match role {
            KeeperRole::Observer => self.observer_stake_min,
            KeeperRole::Settler => self.settler_bond_min_micro_usdc,
        }
    }

    /// Refuses parameters under which somebody could not get their money.
    pub fn validate(&self) -> Result<()> {
        require!(!self.shares().is_invalid(), RegistryError::SharesInvalid);
        let durations = [
            self.voucher_grace_secs,
            self.redeem_grace_secs,
            self.unbonding_secs,
            self.session_secs_max,
            self.challenge_window_secs,
            self.challenge_response_secs,
            self.dispute_secs,
            self.epoch_secs,
        ];
        require!(durations.iter().all(|&secs| secs > 0), RegistryError::DurationZero);
        let [redeem_grace, notice, unbonding, timelock, window, response, dispute] = [
            self.redeem_grace_secs,
            self.withdrawal_notice_secs,
            self.unbonding_secs,
            self.timelock_secs,
            self.challenge_window_secs,
            self.challenge_response_secs,
            self.dispute_secs,
        ]
        .map(u64::from);
        // A leaf posted in a session's last minute must be claimable after a challenge of it.
        require_gt!(redeem_grace, window + response, RegistryError::RedeemGraceTooShort);
        // A node must be able to redeem everything owed before a withdrawal empties the escrow.
        require_gt!(notice, redeem_grace, RegistryError::WithdrawalNoticeTooShort);
        // Whoever does not want the new parameters can leave under the old ones.
        require_gte!(timelock, notice, RegistryError::TimelockTooShort);
        // What could be claimed can still be challenged.
        require_gt!(dispute, window, RegistryError::DisputeTooShort);
        // Stake outlives everything that could be disputed when it began to leave.
        require_gt!(unbonding, 2 * dispute + response, RegistryError::UnbondingTooShort);
        // An open challenge holds up all that its settler claims.
        require_gt!(self.challenge_bond_micro_usdc, 0, RegistryError::ChallengeBondZero);
        require!((1..=OBSERVERS_MAX).contains(&self.observer_quorum), RegistryError::QuorumInvalid);
        Ok(())
    }
}
