//! `heliograph app rotate-signer`.

use super::AppId;
use super::create::signer_expiry;
use crate::chain;
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::update_app;
use heliograph_registry::AppPolicy;
use serde_json::json;
use solana_signer::Signer;

/// Replace the key that signs vouchers
#[derive(Debug, Args)]
#[command(
    long_about = "Replace the key that signs vouchers, or extend its time by naming the same key \
    again. Sessions that are open keep the signer they began with; end them if its key is in wrong \
    hands.",
    after_long_help = "EXAMPLE\n  \
    heliograph key new voucher-2.json\n  \
    heliograph app rotate-signer --voucher-signer voucher-2.json --signer-days 30"
)]
pub struct RotateSigner {
    /// The new key: base58, or its keypair file
    #[arg(long, value_name = "KEY")]
    pub voucher_signer: KeyRef,
    /// Days for which the signer may open sessions
    #[arg(long, value_name = "DAYS", default_value_t = 90,
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub signer_days: u32,
    #[command(flatten)]
    pub app: AppId,
}

impl RotateSigner {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let authority = context.signer()?;
        let (address, app) = chain::app(rpc, &authority.pubkey(), self.app.id).await?;
        let voucher_signer = self.voucher_signer.pubkey()?;
        let expires_at = signer_expiry(chain::unix_secs(rpc).await?, self.signer_days);
        let policy = AppPolicy {
            voucher_signer,
            voucher_signer_expires_at: expires_at,
            price_ceilings_micro_usdc: app.price_ceilings_micro_usdc,
            countries: app.countries,
        };
        let instruction = update_app(authority.pubkey(), address, policy);
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let document = json!({
            "app": address.to_string(),
            "old_voucher_signer": app.voucher_signer.to_string(),
            "voucher_signer": voucher_signer.to_string(),
            "voucher_signer_expires_at_unix_secs": expires_at,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("old voucher signer", app.voucher_signer.to_string()),
            ("new voucher signer", format!("{voucher_signer}, for {} days", self.signer_days)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
