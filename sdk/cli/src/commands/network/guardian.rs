//! `heliograph network set-guardian`.

use super::{signer_as, some_key};
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::set_guardian;
use serde_json::json;
use solana_signer::Signer;

/// Name the key that may pause
#[derive(Debug, Args)]
#[command(
    long_about = "Name the key that may pause, and nothing else. --keypair is the network's \
    authority, which can always pause as well.",
    after_long_help = "EXAMPLES\n  \
    heliograph network set-guardian guardian.json\n  \
    heliograph network set-guardian --none"
)]
pub struct SetGuardian {
    /// The key: base58, or its keypair file
    #[arg(required_unless_present = "none")]
    pub key: Option<KeyRef>,
    /// Nobody besides the authority
    #[arg(long, conflicts_with = "key")]
    pub none: bool,
}

impl SetGuardian {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        let authority = signer_as(context, "authority", &network.authority)?;
        let key = self.key.as_ref().map(KeyRef::pubkey).transpose()?;
        let instruction = set_guardian(authority.pubkey(), key.unwrap_or_default());
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let (old, new) = (some_key(&network.guardian), key.map(|key| key.to_string()));
        let document = json!({
            "old_guardian": old,
            "guardian": new,
            "transaction": signature.to_string(),
        });
        let nobody = || "nobody".to_owned();
        let text = fields([
            ("old guardian", old.unwrap_or_else(nobody)),
            ("guardian", new.unwrap_or_else(nobody)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
