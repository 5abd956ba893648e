//! `heliograph stake delegate`.

use super::{delegated, position, worth};
use crate::amount::{Decimal, format_units};
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::staking;
use heliograph_client::pda;
use serde_json::json;
use solana_signer::Signer;

/// Delegate tokens to a node
#[derive(Debug, Args)]
#[command(
    long_about = "Delegate tokens of the stake mint to a node, from the standard token account of \
    --keypair. They buy shares of the node's pool: slashes lower what a share is worth, rewards are \
    paid by the share. The node must have stake of its own.",
    after_long_help = "EXAMPLE\n  heliograph stake delegate NODE_KEY 250"
)]
pub struct Delegate {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Whole tokens, such as 250.5
    pub amount: Decimal,
}

impl Delegate {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let delegator = context.signer()?;
        let key = delegator.pubkey();
        let mint = context.network().await?.stake_mint;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let decimals = chain::decimals(rpc, &mint).await?;
        let amount = self.amount.to_units(decimals).map_err(|error| usage(error.to_string()))?;
        let source = pda::token_account(&key, &mint);
        let held = rpc.token_balance(&source).await?.unwrap_or(0);
        if held < amount {
            let held = format_units(held, decimals);
            return Err(usage(format!("{source} holds {held} of the stake mint {mint}")));
        }
        let (position_address, _) = position(rpc, &node).await?;
        let address = pda::delegation(&position_address, &key);
        let mut instructions = Vec::new();
        if rpc.get_account(&address).await?.is_none() {
            instructions.push(staking::open_delegation(key, node));
        }
        instructions.push(staking::delegate(key, node, mint, source, amount));
        let signature = context.send(&delegator, &[], &instructions).await?;
        let (_, position) = position(rpc, &node).await?;
        let (_, delegation) = delegated(rpc, &position_address, &key).await?;
        let value = worth(&position, delegation.shares);
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "delegation": address.to_string(),
            "delegated": amount,
            "shares": delegation.shares,
            "worth": value,
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("delegated", format_units(amount, decimals)),
            (
                "in all",
                format!(
                    "{}, now worth {}",
                    shares(delegation.shares),
                    format_units(value, decimals)
                ),
            ),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}

fn shares(count: u64) -> String {
    format!("{count} shares")
}
