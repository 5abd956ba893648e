//! `heliograph network cancel`.

use super::{pending_change, signer_as};
use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::cancel_params;
use serde_json::json;
use solana_signer::Signer;

/// Take an announced change back
#[derive(Debug, Args)]
#[command(
    long_about = "Take an announced change back. Its rent goes to who paid it. --keypair is the \
    network's authority.",
    after_long_help = "EXAMPLE\n  heliograph network cancel"
)]
pub struct Cancel {}

impl Cancel {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        let pending = pending_change(context).await?;
        let authority = signer_as(context, "authority", &network.authority)?;
        let instruction = cancel_params(authority.pubkey(), pending.rent_payer);
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let document = json!({
            "cancelled": true,
            "proposed_at_unix_secs": pending.proposed_at,
            "transaction": signature.to_string(),
        });
        Outcome::new(&document, format!("the change is cancelled\ntransaction {signature}"))
    }
}
