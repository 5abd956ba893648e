use crate::error::RegistryError;
use crate::state::App;
use anchor_lang::prelude::*;
use heliograph_protocol::jurisdiction::{Country, is_valid_list};
use heliograph_protocol::service::SERVICE_COUNT;

/// Who signs for an app, and what it accepts.
#[derive(Clone, Debug, AnchorSerialize, AnchorDeserialize)]
pub struct AppPolicy {
    pub voucher_signer: Pubkey,
    /// Unix time after which the signer opens no more sessions.
    pub voucher_signer_expires_at: i64,
    /// The most the app pays a minute, per kind.
    pub price_ceilings_micro_usdc: [u64; SERVICE_COUNT],
    /// Countries whose nodes may serve the app; empty = any.
    pub countries: Vec<[u8; 2]>,
}

impl AppPolicy {
    /// Refuses a policy under which no session could be opened, or a signer that could do more
    /// than sign vouchers.
    pub fn validate(&self, authority: &Pubkey) -> Result<()> {
        require!(
            self.voucher_signer != Pubkey::default() && self.voucher_signer != *authority,
            RegistryError::VoucherSignerInvalid
        );
        require_gt!(
            self.voucher_signer_expires_at,
            Clock::get()?.unix_timestamp,
            RegistryError::VoucherSignerExpired
        );
        let countries: Vec<Country> = self.countries.iter().copied().map(Country).collect();
        require!(is_valid_list(&countries), RegistryError::CountriesInvalid);
        Ok(())
    }

    /// Writes the policy into the account.
    pub fn apply(self, app: &mut App) {
        app.voucher_signer = self.voucher_signer;
        app.voucher_signer_expires_at = self.voucher_signer_expires_at;
        app.price_ceilings_micro_usdc = self.price_ceilings_micro_usdc;
        app.countries = self.countries;
    }
}
