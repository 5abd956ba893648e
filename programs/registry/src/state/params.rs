use super::KeeperRole;
use crate::error::RegistryError;
use anchor_lang::prelude::*;
use heliograph_protocol::observation::PPM;
use heliograph_protocol::shares::{BPS, Shares};

/// Most observers whose figures count for one node and epoch: the room of a tally.
pub const OBSERVERS_MAX: u8 = 16;
/// Most epochs a node's availability is judged by: a score remembers no more.
pub const DOWNTIME_WINDOW_MAX: u8 = 64;
/// Epochs after its start until an epoch is scored, and one for somebody to open a case.
const SCORED_AFTER_EPOCHS: u64 = 4;

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
    /// How long the accused and everybody else have to speak, and once more to make the robbed
    /// whole, before a case that leaves room for either is decided.
    pub case_window_secs: u32,
    /// What the reporter of a case puts down; the accused's when the case is dismissed.
    pub case_bond_lamports: u64,
    /// What two receipts for one minute cost a node, of all stake behind it.
    pub equivocation_slash_bps: u16,
    /// What a leaf without a voucher costs a settler, of its bond; what it took comes first.
    pub challenge_slash_bps: u16,
    /// What bad epochs cost a node, of all stake behind it.
    pub downtime_slash_bps: u16,
    /// What two roots for one epoch cost an observer, of its stake.
    pub observer_fraud_slash_bps: u16,
    /// Bad epochs that make a case, …
    pub downtime_epochs: u8,
    /// … of so many that a node was last scored for; at most [`DOWNTIME_WINDOW_MAX`].
    pub downtime_window_epochs: u8,
    /// An epoch scored below this is a bad one.
    pub score_min_ppm: u32,
    /// How long somebody who was found guilty stays in jail.
    pub jail_secs: u32,
    /// The reporter's part of a penalty, …
    pub reporter_bps: u16,
    /// … and the victim's, where there is one.
    pub victim_bps: u16,
    /// What an app must have put behind a channel to open sessions on it: from it that node alone
    /// is paid when the escrow is short; 0 = nothing.
    pub channel_bond_min_micro_usdc: u64,
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
            self.case_window_secs,
            self.jail_secs,
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
        self.validate_cases()
    }

    /// Refuses penalties that are more than there is, and cases that come too late for what they
    /// are about.
    fn validate_cases(&self) -> Result<()> {
        let parts = [
            self.equivocation_slash_bps,
            self.challenge_slash_bps,
            self.downtime_slash_bps,
            self.observer_fraud_slash_bps,
        ];
        let shared = u32::from(self.reporter_bps) + u32::from(self.victim_bps);
        require!(
            parts.iter().all(|&bps| bps <= BPS) && shared <= u32::from(BPS),
            RegistryError::PenaltyInvalid
        );
        let (bad, of) = (self.downtime_epochs, self.downtime_window_epochs);
        require!(
            1 <= bad && bad <= of && of <= DOWNTIME_WINDOW_MAX && self.score_min_ppm <= PPM,
            RegistryError::DowntimeRuleInvalid
        );
        // What a settler answers for after its last challenge leaves room to open a case, to speak
        // and to restore, while sessions still remember who took what.
        let [dispute, case, unbonding, epoch] =
            [self.dispute_secs, self.case_window_secs, self.unbonding_secs, self.epoch_secs]
                .map(u64::from);
        require_gt!(dispute, 2 * case, RegistryError::CaseTooLong);
        // Stake that began to leave in the first of the bad epochs is there when the last is scored.
        let judged = (u64::from(of) + SCORED_AFTER_EPOCHS) * epoch;
        require_gt!(unbonding, judged, RegistryError::UnbondingWithinEpochs);
        Ok(())
    }
}
