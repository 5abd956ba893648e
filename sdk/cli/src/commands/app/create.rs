//! `heliograph app create`.

use crate::chain;
use crate::commands::node::parse_country;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::create_app;
use heliograph_client::instruction::settlement::open_escrow;
use heliograph_client::{account, pda};
use heliograph_protocol::price::{DEFAULT_TRANSCRIPTION_MICRO_USDC, DEFAULT_WEBRTC_MICRO_USDC};
use heliograph_registry::AppPolicy;
use heliograph_registry::state::App;
use heliograph_settlement::state::Escrow;
use serde_json::json;
use solana_signer::Signer;

const DAY_SECS: i64 = 24 * 60 * 60;

/// Create an app and its escrow
#[derive(Debug, Args)]
#[command(
    long_about = "Create an app and its escrow. What exists already is left as it is; a missing \
    escrow is opened.\n\n\
    The price ceilings are the most the app ever pays a minute, whatever a node asks for.",
    after_long_help = "EXAMPLE\n  \
    heliograph app create --voucher-signer voucher.json --signer-days 30 --country DE --country FR"
)]
pub struct Create {
    /// Number of the app among those of the wallet
    #[arg(long, default_value_t = 0)]
    pub id: u32,
    /// The key that signs vouchers: base58, or its keypair file
    #[arg(long, value_name = "KEY")]
    pub voucher_signer: KeyRef,
    /// Days for which the signer may open sessions
    #[arg(long, value_name = "DAYS", default_value_t = 90,
        value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub signer_days: u32,
    /// Country whose nodes may serve the app, repeatable [default: any]
    #[arg(long = "country", value_name = "XX", value_parser = parse_country)]
    pub countries: Vec<[u8; 2]>,
    /// The most the app pays for a participant-minute of audio
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_WEBRTC_MICRO_USDC)]
    pub price_ceiling_audio: u64,
    /// The most the app pays for a participant-minute of video
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_WEBRTC_MICRO_USDC)]
    pub price_ceiling_video: u64,
    /// The most the app pays for a participant-minute of data
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_WEBRTC_MICRO_USDC)]
    pub price_ceiling_data: u64,
    /// The most the app pays for a minute of transcribed audio
    #[arg(long, value_name = "MICRO_USDC", default_value_t = DEFAULT_TRANSCRIPTION_MICRO_USDC)]
    pub price_ceiling_transcription: u64,
}

/// When a signer of `days` expires, by the chain's time.
pub fn signer_expiry(now: i64, days: u32) -> i64 {
    now + i64::from(days) * DAY_SECS
}

impl Create {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let authority = context.signer()?;
        let network = context.network().await?;
        let address = pda::app(&authority.pubkey(), self.id);
        let app: Option<App> = account::find(rpc, &address).await?;
        let escrow_address = pda::escrow(&address);
        let escrow: Option<Escrow> = account::find(rpc, &escrow_address).await?;
        let policy = AppPolicy {
            voucher_signer: self.voucher_signer.pubkey()?,
            voucher_signer_expires_at: signer_expiry(
                chain::unix_secs(rpc).await?,
                self.signer_days,
            ),
            price_ceilings_micro_usdc: [
                self.price_ceiling_audio,
                self.price_ceiling_video,
                self.price_ceiling_data,
                self.price_ceiling_transcription,
            ],
            countries: self.countries,
        };
        let voucher_signer = policy.voucher_signer;
        let mut instructions = Vec::new();
        match &app {
            None => instructions.push(create_app(authority.pubkey(), self.id, policy)),
            Some(app) if app.voucher_signer != voucher_signer => {
                return Err(usage(format!(
                    "app {} exists with voucher signer {}; replace it with `heliograph app \
                     rotate-signer`",
                    self.id, app.voucher_signer
                )));
            }
            Some(_) => {}
        }
        if escrow.is_none() {
            let mint = network.payment_mint;
            instructions.push(open_escrow(authority.pubkey(), address, mint));
        }
        let (change, signature) = if instructions.is_empty() {
            ("unchanged", None)
        } else {
            let signature = context.send(&authority, &[], &instructions).await?;
            ("created", Some(signature.to_string()))
        };
        let document = json!({
            "change": change,
            "app": address.to_string(),
            "id": self.id,
            "authority": authority.pubkey().to_string(),
            "voucher_signer": voucher_signer.to_string(),
            "escrow": escrow_address.to_string(),
            "transaction": signature,
        });
        let text = fields([
            ("app", format!("{address} {change}")),
            ("escrow", escrow_address.to_string()),
            ("voucher signer", voucher_signer.to_string()),
            ("transaction", signature.unwrap_or_else(|| "none needed".into())),
        ]);
        Outcome::new(&document, text)
    }
}
