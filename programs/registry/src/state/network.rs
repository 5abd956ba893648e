use super::params::NetworkParams;
use super::pause;
use anchor_lang::prelude::*;
use heliograph_protocol::domain::Domain;

/// The network: one per deployment of the programs. PDA `[seeds::NETWORK]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Network {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// Who may propose parameters and lift a pause; may be a multisig.
    pub authority: Pubkey,
    /// Who becomes the authority by accepting; zero = nobody was proposed.
    pub pending_authority: Pubkey,
    /// Who may pause, and nothing else; zero = nobody.
    pub guardian: Pubkey,
    /// Functions that are paused: bits of [`pause`].
    pub paused: u32,
    /// In the prefix of everything signed: the cluster's genesis hash, or a configured value where
    /// that changes at every start.
    pub domain_id: [u8; 32],
    /// What apps pay in: an SPL mint with 6 decimals.
    pub payment_mint: Pubkey,
    /// What nodes and observers stake. Settlers bond the payment mint.
    pub stake_mint: Pubkey,
    /// Token account of the payment mint that receives the treasury's share.
    pub treasury: Pubkey,
    /// The program that may record stake.
    pub staking_program: Pubkey,
    /// The program that holds escrows and pays from them.
    pub settlement_program: Pubkey,
    /// The program that may jail and slash.
    pub slashing_program: Pubkey,
    /// The program that scores nodes.
    pub reputation_program: Pubkey,
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

    /// Whether one of these functions is paused.
    pub fn is_paused(&self, functions: u32) -> bool {
        self.paused & functions != 0
    }

    /// Pauses functions; those paused already stay so. Refuses bits that stand for nothing.
    pub fn pause(&mut self, functions: u32) -> Result<()> {
        pause::check(functions)?;
        self.paused |= functions;
        Ok(())
    }

    /// Lets functions go on; the others stay as they are.
    pub fn unpause(&mut self, functions: u32) -> Result<()> {
        pause::check(functions)?;
        self.paused &= !functions;
        Ok(())
    }
}
