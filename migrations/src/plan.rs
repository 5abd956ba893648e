//! What a cluster should look like afterwards.

use crate::{Params, Programs};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// The bytes that tie signatures to this network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
    /// The cluster's genesis hash: right for every public cluster.
    GenesisHash,
    /// A configured value, for clusters whose genesis hash changes when they restart.
    Fixed([u8; 32]),
}

/// The mints of the network, and whose the treasury is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tokens {
    /// New mints whose authority is the deployer; for throw-away clusters. Their addresses follow
    /// from the deployer's, so that a second run finds them. The treasury is the deployer's.
    Create {
        /// Decimals of the stake mint; the payment mint always has 6.
        stake_decimals: u8,
    },
    /// Mints that exist.
    Given {
        /// What apps pay in: an SPL mint with 6 decimals, such as USDC.
        payment_mint: Pubkey,
        /// What operators stake.
        stake_mint: Pubkey,
        /// Wallet whose standard token account receives the treasury's share; it is created if
        /// missing.
        treasury_owner: Pubkey,
    },
}

/// Everything the migrations need to know.
#[derive(Clone, Copy)]
pub struct Plan<'a> {
    /// Pays rent and fees; becomes upgrade authority of the programs and authority of the network.
    pub deployer: &'a (dyn Signer + Sync),
    /// Bytecode and keys.
    pub programs: &'a Programs,
    /// The mints.
    pub tokens: Tokens,
    /// What ties signatures to the network.
    pub domain: Domain,
    /// Who may pause a network that is created; nobody if `None`.
    pub guardian: Option<Pubkey>,
    /// The network's parameters.
    pub params: Params,
}

impl std::fmt::Debug for Plan<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plan")
            .field("deployer", &self.deployer.pubkey())
            .field("programs", &self.programs)
            .field("tokens", &self.tokens)
            .field("domain", &self.domain)
            .field("guardian", &self.guardian)
            .field("params", &self.params)
            .finish()
    }
}
