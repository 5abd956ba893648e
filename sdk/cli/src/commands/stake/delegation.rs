//! `heliograph stake delegation`.

use super::{claimable, delegated, position, worth};
use crate::amount::{format_units, usdc};
use crate::chain;
use crate::context::Context;
use crate::duration::until;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Show what somebody has delegated to a node
#[derive(Debug, Args)]
#[command(
    long_about = "Show what somebody has delegated to a node: shares and what they are worth, what \
    is on its way out, rewards to be claimed. With --delegator no key is needed.",
    after_long_help = "EXAMPLE\n  heliograph stake delegation NODE_KEY --delegator WALLET --json"
)]
pub struct Delegation {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Who delegated [default: the wallet of --keypair]
    #[arg(long, value_name = "PUBKEY")]
    pub delegator: Option<Pubkey>,
}

impl Delegation {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let delegator = match self.delegator {
            Some(delegator) => delegator,
            None => context.signer()?.pubkey(),
        };
        let mint = context.network().await?.stake_mint;
        let decimals = chain::decimals(rpc, &mint).await?;
        let now = chain::unix_secs(rpc).await?;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let (position_address, position) = position(rpc, &node).await?;
        let (address, delegation) = delegated(rpc, &position_address, &delegator).await?;
        let value = worth(&position, delegation.shares);
        let rewards = claimable(&delegation, &position)?;
        let leaving = || delegation.undelegating.iter().filter(|slot| slot.shares > 0);
        let undelegating: Vec<Value> = leaving()
            .map(|slot| {
                json!({
                    "shares": slot.shares,
                    "worth": worth(&position, slot.shares),
                    "available_at_unix_secs": slot.available_at,
                })
            })
            .collect();
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "delegation": address.to_string(),
            "delegator": delegator.to_string(),
            "shares": delegation.shares,
            "worth": value,
            "undelegating": undelegating,
            "rewards_micro_usdc": rewards,
            "decimals": decimals,
        });
        let on_the_way: Vec<String> = leaving()
            .map(|slot| {
                let value = format_units(worth(&position, slot.shares), decimals);
                format!("{value} {}", until(slot.available_at, now))
            })
            .collect();
        let text = fields([
            ("delegation", address.to_string()),
            ("delegator", delegator.to_string()),
            ("shares", format!("{}, worth {}", delegation.shares, format_units(value, decimals))),
            (
                "undelegating",
                if on_the_way.is_empty() { "none".into() } else { on_the_way.join(", ") },
            ),
            ("rewards", usdc(rewards)),
        ]);
        Outcome::new(&document, text)
    }
}
