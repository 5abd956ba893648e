//! `heliograph stake close-delegation`.

use super::{delegated, position};
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::staking;
use serde_json::json;
use solana_signer::Signer;

/// Close a delegation that holds nothing; its rent comes back
#[derive(Debug, Args)]
#[command(
    long_about = "Close a delegation that holds nothing: no shares, none on their way out, no \
    rewards. Its rent goes to --keypair, the delegator.",
    after_long_help = "EXAMPLE\n  heliograph stake close-delegation NODE_KEY"
)]
pub struct CloseDelegation {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
}

impl CloseDelegation {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let delegator = context.signer()?;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let (position, _) = position(rpc, &node).await?;
        let (address, delegation) = delegated(rpc, &position, &delegator.pubkey()).await?;
        if !delegation.is_empty() {
            return Err(usage(
                "the delegation holds shares or rewards: `heliograph stake delegation` shows them",
            ));
        }
        let instruction = staking::close_delegation(delegator.pubkey(), node);
        let signature = context.send(&delegator, &[], &[instruction]).await?;
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "closed": address.to_string(),
            "transaction": signature.to_string(),
        });
        Outcome::new(&document, format!("closed {address}\ntransaction {signature}"))
    }
}
