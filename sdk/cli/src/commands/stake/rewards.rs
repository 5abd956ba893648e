//! `heliograph stake rewards`.

use super::{claimable, position, worth};
use crate::amount::{format_units, usdc};
use crate::chain;
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::{account, pda};
use heliograph_staking::state::Delegation;
use serde::Serialize;
use serde_json::json;
use solana_pubkey::Pubkey;

/// Show a node's delegators and what they have earned
#[derive(Debug, Args)]
#[command(
    long_about = "Show a node's delegators and what they have earned and not claimed. Needs no key: \
    everything shown is on chain.",
    after_long_help = "EXAMPLE\n  heliograph stake rewards NODE_KEY"
)]
pub struct Rewards {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
}

/// One delegation.
#[derive(Debug, Serialize)]
struct Row {
    delegator: String,
    shares: u64,
    worth: u64,
    undelegating_shares: u64,
    rewards_micro_usdc: u64,
}

impl Rewards {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let network = context.network().await?;
        let decimals = chain::decimals(rpc, &network.stake_mint).await?;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let (address, position) = position(rpc, &node).await?;
        let vault = pda::token_account(&address, &network.payment_mint);
        let held = rpc.token_balance(&vault).await?.unwrap_or(0);
        let mut delegations: Vec<(Pubkey, Delegation)> = account::all(rpc).await?;
        delegations.retain(|(_, delegation)| delegation.position == address);
        let rows: Result<Vec<Row>> = delegations
            .iter()
            .map(|(_, delegation)| {
                Ok(Row {
                    delegator: delegation.delegator.to_string(),
                    shares: delegation.shares,
                    worth: worth(&position, delegation.shares),
                    undelegating_shares: delegation.undelegating.iter().map(|s| s.shares).sum(),
                    rewards_micro_usdc: claimable(delegation, &position)?,
                })
            })
            .collect();
        let mut rows = rows?;
        rows.sort_by(|a, b| (b.shares, &a.delegator).cmp(&(a.shares, &b.delegator)));
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "delegated": position.delegated,
            "delegated_shares": position.delegated_shares,
            "undelegating_shares": position.undelegating_shares,
            "decimals": decimals,
            "rewards_vault": vault.to_string(),
            "rewards_vault_micro_usdc": held,
            "delegators": rows,
        });
        let units = |units| format_units(units, decimals);
        let mut text = fields([
            (
                "delegated",
                format!("{}, {} shares", units(position.delegated), position.delegated_shares),
            ),
            ("on its way out", format!("{} shares", position.undelegating_shares)),
            ("rewards not claimed", usdc(held)),
        ]);
        if !rows.is_empty() {
            let headings = ["delegator", ">shares", ">worth", ">leaving", ">rewards"];
            let rows = rows.iter().map(|row| {
                [
                    row.delegator.clone(),
                    row.shares.to_string(),
                    units(row.worth),
                    row.undelegating_shares.to_string(),
                    usdc(row.rewards_micro_usdc),
                ]
            });
            text = format!("{text}\n{}", table(&headings, rows));
        }
        Outcome::new(&document, text)
    }
}
