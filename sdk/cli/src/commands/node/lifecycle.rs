//! `heliograph node activate|drain|exit`.

use super::status_name;
use crate::chain;
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::set_node_status;
use heliograph_registry::state::NodeStatus;
use serde_json::json;
use solana_signer::Signer;

/// Which node.
#[derive(Debug, Args)]
pub struct Lifecycle {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
}

impl Lifecycle {
    pub async fn execute(self, context: &Context, status: NodeStatus) -> Result<Outcome> {
        let operator = context.signer()?;
        let node_key = self.node_key.pubkey()?;
        let (address, node) = chain::node(&context.rpc, &node_key).await?;
        let from = status_name(node.status);
        let to = status_name(status);
        let mut document = json!({ "node_key": node_key.to_string(), "from": from, "to": to });
        if node.status == status {
            document["change"] = "unchanged".into();
            return Outcome::new(&document, format!("node {node_key} is {to} already"));
        }
        let instruction = set_node_status(operator.pubkey(), address, status);
        let signature = context.send(&operator, &[], &[instruction]).await?;
        document["change"] = "changed".into();
        document["transaction"] = signature.to_string().into();
        Outcome::new(&document, format!("node {node_key}: {from} → {to}\ntransaction {signature}"))
    }
}
