//! `heliograph keeper activate|suspend|exit`.

use super::Which;
use crate::chain::{self, role_name, status_name};
use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::set_keeper_status;
use heliograph_registry::state::KeeperStatus;
use serde_json::json;
use solana_signer::Signer;

/// Which keeper.
#[derive(Debug, Args)]
#[command(after_long_help = "EXAMPLES\n  \
    heliograph keeper activate settler.json\n  \
    heliograph keeper suspend KEEPER_KEY --role observer\n  \
    heliograph keeper exit settler.json")]
pub struct Lifecycle {
    #[command(flatten)]
    pub which: Which,
}

impl Lifecycle {
    pub async fn execute(self, context: &Context, status: KeeperStatus) -> Result<Outcome> {
        let owner = context.signer()?;
        let key = self.which.keeper_key.pubkey()?;
        let role = self.which.role.map(Into::into);
        let (address, keeper) = chain::keeper(&context.rpc, &key, role).await?;
        let (name, from, to) =
            (role_name(keeper.role), status_name(keeper.status), status_name(status));
        let mut document = json!({
            "role": name,
            "keeper_key": key.to_string(),
            "from": from,
            "to": to,
        });
        if keeper.status == status {
            document["change"] = "unchanged".into();
            return Outcome::new(&document, format!("{name} {key} is {to} already"));
        }
        let instruction = set_keeper_status(owner.pubkey(), address, status);
        let signature = context.send(&owner, &[], &[instruction]).await?;
        document["change"] = "changed".into();
        document["transaction"] = signature.to_string().into();
        Outcome::new(&document, format!("{name} {key}: {from} → {to}\ntransaction {signature}"))
    }
}
