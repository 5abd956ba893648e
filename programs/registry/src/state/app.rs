use anchor_lang::prelude::*;
use heliograph_protocol::jurisdiction::{COUNTRIES_MAX, Country};
use heliograph_protocol::price::Prices;
use heliograph_protocol::service::SERVICE_COUNT;

/// An app. PDA `[seeds::APP, authority, id]`.
#[account]
#[derive(Debug, InitSpace)]
pub struct App {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// Wallet that owns the app and its escrow.
    pub authority: Pubkey,
    /// Tells apart the apps of one authority.
    pub id: u32,
    /// Signs vouchers of sessions opened from now on.
    pub voucher_signer: Pubkey,
    /// Unix time after which the signer opens no more sessions.
    pub voucher_signer_expires_at: i64,
    /// The most the app pays a minute, per kind.
    pub price_ceilings_micro_usdc: [u64; SERVICE_COUNT],
    pub created_at: i64,
    /// Countries whose nodes may serve the app; empty = any.
    #[max_len(COUNTRIES_MAX)]
    pub countries: Vec<[u8; 2]>,
    /// For later fields; zero.
    pub reserved: [u8; 128],
}

impl App {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// The ceilings as the rules know them.
    pub fn price_ceilings(&self) -> Prices {
        Prices(self.price_ceilings_micro_usdc)
    }

    /// The allowed countries as the rules know them.
    pub fn country_codes(&self) -> Vec<Country> {
        self.countries.iter().copied().map(Country).collect()
    }
}
