use crate::error::RegistryError;
use anchor_lang::prelude::*;
use heliograph_protocol::domain::Domain;
use heliograph_protocol::shares::Shares;

/// Parameters of the network. They cannot change yet; a timelocked change has its own issue.
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
}

impl NetworkParams {
    /// The division of payments.
    pub fn shares(&self) -> Shares {
        Shares { operator_bps: self.operator_bps, settler_bps: self.settler_bps }
    }

    /// Refuses parameters under which somebody could not get their money.
    pub fn validate(&self) -> Result<()> {
        require!(!self.shares().is_invalid(), RegistryError::SharesInvalid);
        let durations = [
            self.voucher_grace_secs,
            self.redeem_grace_secs,
            self.unbonding_secs,
            self.session_secs_max,
        ];
        require!(durations.iter().all(|&secs| secs > 0), RegistryError::DurationZero);
        // A node must be able to redeem everything owed before a withdrawal empties the escrow.
        require!(
            self.withdrawal_notice_secs > self.redeem_grace_secs,
            RegistryError::WithdrawalNoticeTooShort
        );
        Ok(())
    }
}

/// The network: one per deployment of the programs. PDA `[seeds::NETWORK]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Network {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// Who may change parameters; may be a multisig.
    pub authority: Pubkey,
    /// In the prefix of everything signed: the cluster's genesis hash, or a configured value where
    /// that changes at every start.
    pub domain_id: [u8; 32],
    /// What apps pay in: an SPL mint with 6 decimals.
    pub payment_mint: Pubkey,
    /// What operators stake.
    pub stake_mint: Pubkey,
    /// Token account of the payment mint that receives the treasury's share.
    pub treasury: Pubkey,
    /// The program that may record stake.
    pub staking_program: Pubkey,
    /// The program that may, once deployed, jail nodes; zero until then.
    pub slashing_program: Pubkey,
    pub params: NetworkParams,
    /// For later fields; zero.
    pub reserved: [u8; 256],
}

impl Network {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// The domain in the prefix of everything signed on this network.
    pub fn domain(&self) -> Domain {
        Domain(self.domain_id)
    }
}
