use super::ENDPOINT_LEN_MAX;
use anchor_lang::prelude::*;

/// What a keeper does. The number is in its address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub enum KeeperRole {
    /// Probes nodes and posts what it saw; stakes the stake mint.
    Observer,
    /// Posts minute batches and claims them; bonds the payment mint.
    Settler,
}

impl KeeperRole {
    /// The role in the seeds of a keeper's address.
    pub const fn seed(self) -> [u8; 1] {
        [self as u8]
    }
}

/// Where a keeper is in its life. Only what an `Active` keeper posts is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace)]
pub enum KeeperStatus {
    /// Registered, not at work → `Active`, `Exited`. Also where an active keeper lands when its
    /// stake falls below the minimum.
    Pending,
    /// At work → `Pending`, `Exited`.
    Active,
    /// Held by the slashing program → `Pending`, when its time is over.
    Jailed,
    /// Gone for good; the key cannot be registered for this role again.
    Exited,
}

impl KeeperStatus {
    /// Whether the owner may order this step. Stake is checked besides.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Active | Self::Exited)
                | (Self::Active, Self::Pending | Self::Exited)
        )
    }
}

/// An observer or a settler. PDA `[seeds::KEEPER, role as u8, keeper_key]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Keeper {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    pub role: KeeperRole,
    pub status: KeeperStatus,
    /// Hot key: signs what the keeper posts and is its identity.
    pub keeper_key: Pubkey,
    /// Wallet that owns the keeper.
    pub owner: Pubkey,
    /// Token account of the payment mint that receives what the keeper earns.
    pub payout: Pubkey,
    /// Bonded stake as the staking program last recorded it: units of the stake mint for an
    /// observer, micro-USDC for a settler.
    pub stake: u64,
    pub registered_at: i64,
    pub status_changed_at: i64,
    /// Set by the slashing program; 0 = never jailed.
    pub jailed_until: i64,
    /// Where batches or samples are served: a URL.
    #[max_len(ENDPOINT_LEN_MAX)]
    pub endpoint: String,
    /// For later fields; zero.
    pub reserved: [u8; 128],
}

impl Keeper {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;
}
