use anchor_lang::prelude::*;
use heliograph_protocol::jurisdiction::Country;
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::{SERVICE_COUNT, ServiceSet};

/// Longest endpoint, in bytes.
pub const ENDPOINT_LEN_MAX: usize = 128;
/// Longest region name, in bytes.
pub const REGION_LEN_MAX: usize = 32;

/// Where a node is in its life. Only `Active` nodes get new sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub enum NodeStatus {
    /// Registered, not serving → `Active`, `Exited`. Also where an active node lands when its
    /// stake falls below the minimum.
    Pending,
    /// Serving → `Draining`; → `Pending` when stake falls below the minimum.
    Active,
    /// Serves open sessions and takes no new ones → `Active`, `Exited`.
    Draining,
    /// Held by the slashing program → `Pending`, when its time is over.
    Jailed,
    /// Gone for good; the node key cannot be registered again.
    Exited,
}

impl NodeStatus {
    /// Whether the operator may order this step. Stake is checked besides.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending | Self::Draining, Self::Active | Self::Exited)
                | (Self::Active, Self::Draining)
        )
    }
}

/// A node. PDA `[seeds::NODE, node_key]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Node {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub status: NodeStatus,
    /// Signs receipts and is the node's identity.
    pub node_key: Pubkey,
    /// Wallet that owns the node.
    pub operator: Pubkey,
    /// Token account of the payment mint that receives the operator's share.
    pub payout: Pubkey,
    /// Kinds sold, as a `ServiceSet`.
    pub services: u8,
    /// Micro-USDC a minute for each kind.
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    /// ISO 3166-1 alpha-2.
    pub country: [u8; 2],
    /// Attestation class; 0 = none. Set by a later program.
    pub attestation_class: u8,
    /// Sessions served at once.
    pub capacity: u32,
    /// Serves this app alone; zero = any app.
    pub private_app: Pubkey,
    /// Bonded stake as the staking program last recorded it.
    pub stake: u64,
    pub registered_at: i64,
    pub status_changed_at: i64,
    /// Set by the slashing program; 0 = never jailed.
    pub jailed_until: i64,
    #[max_len(REGION_LEN_MAX)]
    pub region: String,
    /// Where clients reach the node: a URL.
    #[max_len(ENDPOINT_LEN_MAX)]
    pub endpoint: String,
    /// For later fields; zero.
    pub reserved: [u8; 128],
}

impl Node {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// The price list as the rules know it.
    pub fn prices(&self) -> Prices {
        Prices(self.prices_micro_usdc)
    }

    /// The kinds sold.
    pub fn service_set(&self) -> ServiceSet {
        ServiceSet(self.services)
    }

    /// Where the node says it is.
    pub fn country_code(&self) -> Country {
        Country(self.country)
    }

    /// Whether `app` may use the node: it is public, or bound to this app.
    pub fn serves_app(&self, app: &Pubkey) -> bool {
        self.private_app == Pubkey::default() || self.private_app == *app
    }
}
