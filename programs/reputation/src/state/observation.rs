use anchor_lang::prelude::*;

/// The root an observer posted for an epoch. PDA `[seeds::OBSERVATION, keeper, epoch]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct Observation {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// The observer's registry account.
    pub keeper: Pubkey,
    pub epoch: u64,
    /// Root over the observer's leaves, as in RFC 6962.
    pub root: [u8; 32],
    /// Leaves under it.
    pub leaves_count: u32,
    pub posted_at: i64,
    /// Gets the rent back.
    pub rent_payer: Pubkey,
    /// For later fields; zero.
    pub reserved: [u8; 32],
}

impl Observation {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;
}
