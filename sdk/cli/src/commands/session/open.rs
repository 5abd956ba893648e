//! `heliograph session open`.

use crate::amount::{Decimal, usdc};
use crate::chain;
use crate::commands::app::AppId;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use crate::speech::session::{self, Wanted};
use anyhow::Result;
use clap::Args;
use heliograph_client::call::CALL_SERVICES;
use serde_json::json;
use solana_signer::Signer;

/// Open a session, and a channel if there is none with the node
#[derive(Debug, Args)]
#[command(
    long_about = "Open a session for transcription or calls, and a channel if there is none with the node. \
    Without --node the cheapest node is taken that the app's rules allow.",
    after_long_help = "EXAMPLE\n  heliograph session open --node NODE_KEY --cap 1 --hours 24"
)]
pub struct Open {
    /// For calls (audio, video and data) instead of transcription
    #[arg(long)]
    pub calls: bool,
    /// The node key: base58, or its keypair file [default: the cheapest allowed]
    #[arg(long, value_name = "NODE_KEY")]
    pub node: Option<KeyRef>,
    /// The most the session may cost, in USDC
    #[arg(long, value_name = "USDC")]
    pub cap: Decimal,
    /// Hours until the session expires
    #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=8_760))]
    pub hours: u32,
    #[command(flatten)]
    pub app: AppId,
}

impl Open {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let authority = context.signer()?;
        let cap = self.cap.to_micro_usdc().map_err(|error| usage(error.to_string()))?;
        let network = context.network().await?;
        let (app_address, app) = chain::app(&context.rpc, &authority.pubkey(), self.app.id).await?;
        let node_key = self.node.as_ref().map(KeyRef::pubkey).transpose()?;
        let services = if self.calls { CALL_SERVICES } else { session::TRANSCRIPTION };
        let node =
            session::pick_node(&context.rpc, &network, (&app_address, &app), node_key, services)
                .await?;
        let wanted = Wanted { services, cap_micro_usdc: cap, secs: u64::from(self.hours) * 3_600 };
        let opened =
            session::open(context, &authority, (&app_address, &app), &network, &node, wanted)
                .await?;
        let document = json!({
            "session": opened.address.to_string(),
            "channel": opened.session.channel.to_string(),
            "node_key": node.1.node_key.to_string(),
            "cap_micro_usdc": cap,
            "expires_at_unix_secs": opened.session.expires_at,
            "transaction": opened.transaction.to_string(),
        });
        let text = fields([
            ("session", opened.address.to_string()),
            ("node key", node.1.node_key.to_string()),
            ("cap", usdc(cap)),
            ("expires", format!("in {} h", self.hours)),
            ("transaction", opened.transaction.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
