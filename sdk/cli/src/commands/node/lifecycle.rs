//! `heliograph node activate|drain|exit|unjail`.

use super::status_name;
use crate::chain::{self, Role};
use crate::commands::keeper::unjail;
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

/// Take the node out of jail once its time is over
#[derive(Debug, Args)]
#[command(
    long_about = "Take the node out of jail once its time is over and its stake is at least the \
    minimum again. It is pending then: activate it. Before its time the command sends nothing, says \
    how long it takes and ends with 75.",
    after_long_help = "EXAMPLE\n  heliograph node unjail node.json"
)]
pub struct Unjail {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
}

impl Unjail {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        unjail(context, &self.node_key.pubkey()?, Role::Node).await
    }
}
