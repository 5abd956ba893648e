//! `heliograph app update`.

use super::AppId;
use crate::chain;
use crate::commands::node::parse_country;
use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::update_app;
use heliograph_protocol::service::Service;
use heliograph_registry::AppPolicy;
use serde_json::json;
use solana_signer::Signer;

/// Replace price ceilings or countries
#[derive(Debug, Args)]
#[command(
    long_about = "Replace an app's price ceilings or the countries whose nodes may serve it; what \
    is not named stays. Sessions that are open keep what they began with. `heliograph app \
    rotate-signer` replaces the voucher signer.",
    after_long_help = "EXAMPLES\n  \
    heliograph app update --price-ceiling-transcription 6000\n  \
    heliograph app update --country DE --country FR\n  \
    heliograph app update --any-country"
)]
pub struct Update {
    /// Country whose nodes may serve the app, repeatable: replaces the list
    #[arg(long = "country", value_name = "XX", value_parser = parse_country)]
    pub countries: Vec<[u8; 2]>,
    /// Nodes of any country may serve the app
    #[arg(long, conflicts_with = "countries")]
    pub any_country: bool,
    /// The most the app pays for a participant-minute of audio
    #[arg(long, value_name = "MICRO_USDC")]
    pub price_ceiling_audio: Option<u64>,
    /// The most the app pays for a participant-minute of video
    #[arg(long, value_name = "MICRO_USDC")]
    pub price_ceiling_video: Option<u64>,
    /// The most the app pays for a participant-minute of data
    #[arg(long, value_name = "MICRO_USDC")]
    pub price_ceiling_data: Option<u64>,
    /// The most the app pays for a minute of transcribed audio
    #[arg(long, value_name = "MICRO_USDC")]
    pub price_ceiling_transcription: Option<u64>,
    #[command(flatten)]
    pub app: AppId,
}

impl Update {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let authority = context.signer()?;
        let (address, app) = chain::app(&context.rpc, &authority.pubkey(), self.app.id).await?;
        let mut ceilings = app.price_ceilings_micro_usdc;
        for (service, ceiling) in [
            (Service::Audio, self.price_ceiling_audio),
            (Service::Video, self.price_ceiling_video),
            (Service::Data, self.price_ceiling_data),
            (Service::Transcription, self.price_ceiling_transcription),
        ] {
            ceilings[service as usize] = ceiling.unwrap_or(ceilings[service as usize]);
        }
        let countries = match (self.any_country, self.countries.is_empty()) {
            (true, _) => Vec::new(),
            (false, true) => app.countries.clone(),
            (false, false) => self.countries,
        };
        if ceilings == app.price_ceilings_micro_usdc && countries == app.countries {
            return Err(usage("nothing would change: name a ceiling or countries"));
        }
        let policy = AppPolicy {
            voucher_signer: app.voucher_signer,
            voucher_signer_expires_at: app.voucher_signer_expires_at,
            price_ceilings_micro_usdc: ceilings,
            countries: countries.clone(),
        };
        let instruction = update_app(authority.pubkey(), address, policy);
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let countries: Vec<String> =
            countries.iter().map(|code| String::from_utf8_lossy(code).into_owned()).collect();
        let priced: Vec<(&str, u64)> =
            Service::ALL.iter().map(|&s| (s.name(), ceilings[s as usize])).collect();
        let document = json!({
            "app": address.to_string(),
            "countries": countries,
            "price_ceilings_micro_usdc": priced,
            "transaction": signature.to_string(),
        });
        let prices = priced.iter().map(|(name, price)| format!("{name} {price}"));
        let text = fields([
            ("app", format!("{address} updated")),
            ("countries", if countries.is_empty() { "any".into() } else { countries.join(", ") }),
            ("pays at most", format!("{} (micro-USDC)", prices.collect::<Vec<_>>().join(", "))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
