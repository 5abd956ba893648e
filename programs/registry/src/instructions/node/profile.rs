use crate::error::RegistryError;
use crate::state::{ENDPOINT_LEN_MAX, Network, Node, REGION_LEN_MAX};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;
use heliograph_protocol::jurisdiction::Country;
use heliograph_protocol::service::{SERVICE_COUNT, ServiceSet};

/// What an operator says about a node.
#[derive(Clone, Debug, AnchorSerialize, AnchorDeserialize)]
pub struct NodeProfile {
    /// Kinds sold, as a `ServiceSet`.
    pub services: u8,
    /// Micro-USDC a minute for each kind.
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    /// ISO 3166-1 alpha-2.
    pub country: [u8; 2],
    pub region: String,
    /// URL of the node.
    pub endpoint: String,
    /// Sessions served at once.
    pub capacity: u32,
    /// Serve this app alone; zero = any app.
    pub private_app: Pubkey,
}

impl NodeProfile {
    /// Refuses a profile that no client could use.
    pub fn validate(&self) -> Result<()> {
        require!(!ServiceSet(self.services).is_invalid(), RegistryError::ServicesInvalid);
        require!(Country(self.country).is_valid(), RegistryError::CountryInvalid);
        check_endpoint(&self.endpoint)?;
        require!(is_printable(&self.region, REGION_LEN_MAX), RegistryError::RegionInvalid);
        require!(self.capacity > 0, RegistryError::CapacityZero);
        Ok(())
    }

    /// Writes the profile into the account.
    pub fn apply(self, node: &mut Node) {
        node.services = self.services;
        node.prices_micro_usdc = self.prices_micro_usdc;
        node.country = self.country;
        node.region = self.region;
        node.endpoint = self.endpoint;
        node.capacity = self.capacity;
        node.private_app = self.private_app;
    }
}

/// Refuses a payout account that the hot key of a node or keeper owns, or that is the treasury: a
/// payment to both shares at once would be refused by the settlement program, and nobody paid.
pub fn check_payout(
    payout: &Account<TokenAccount>,
    hot_key: &Pubkey,
    network: &Network,
) -> Result<()> {
    require_keys_neq!(payout.owner, *hot_key, RegistryError::KeysNotDistinct);
    require_keys_neq!(payout.key(), network.treasury, RegistryError::PayoutIsTreasury);
    Ok(())
}

/// Refuses an endpoint that is no URL by its length or characters.
pub fn check_endpoint(endpoint: &str) -> Result<()> {
    require!(
        !endpoint.is_empty() && is_printable(endpoint, ENDPOINT_LEN_MAX),
        RegistryError::EndpointInvalid
    );
    Ok(())
}

fn is_printable(text: &str, len_max: usize) -> bool {
    text.len() <= len_max && text.bytes().all(|byte| byte.is_ascii_graphic())
}
