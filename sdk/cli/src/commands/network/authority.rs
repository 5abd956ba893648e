//! `heliograph network propose-authority|accept-authority`.

use super::signer_as;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::{accept_authority, propose_authority};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Name the key that may become the authority
#[derive(Debug, Args)]
#[command(
    long_about = "Name the key that may become the authority. Nothing changes until it accepts, so \
    a mistyped key does no harm; naming another or --none takes it back.",
    after_long_help = "EXAMPLES\n  \
    heliograph network propose-authority 9xQe…\n  \
    heliograph network propose-authority --none"
)]
pub struct ProposeAuthority {
    /// The key: base58, or its keypair file
    #[arg(required_unless_present = "none")]
    pub key: Option<KeyRef>,
    /// Nobody
    #[arg(long, conflicts_with = "key")]
    pub none: bool,
}

impl ProposeAuthority {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        let authority = signer_as(context, "authority", &network.authority)?;
        let key = self.key.as_ref().map(KeyRef::pubkey).transpose()?;
        let instruction = propose_authority(authority.pubkey(), key.unwrap_or_default());
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let key = key.map(|key| key.to_string());
        let document = json!({
            "authority": network.authority.to_string(),
            "pending_authority": key,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("authority", network.authority.to_string()),
            ("proposed", key.unwrap_or_else(|| "nobody".into())),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}

/// Become the authority
#[derive(Debug, Args)]
#[command(
    long_about = "Become the network's authority. --keypair is the key that was proposed.",
    after_long_help = "EXAMPLE\n  heliograph network accept-authority --keypair new-authority.json"
)]
pub struct AcceptAuthority {}

impl AcceptAuthority {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        if network.pending_authority == Pubkey::default() {
            return Err(usage(
                "nobody is proposed; the authority does it with `heliograph network \
                 propose-authority`",
            ));
        }
        let key = signer_as(context, "proposed authority", &network.pending_authority)?;
        let signature = context.send(&key, &[], &[accept_authority(key.pubkey())]).await?;
        let document = json!({
            "old_authority": network.authority.to_string(),
            "authority": key.pubkey().to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("old authority", network.authority.to_string()),
            ("authority", key.pubkey().to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
