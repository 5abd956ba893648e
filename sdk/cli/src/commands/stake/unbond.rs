//! `heliograph stake unbond`.

use crate::amount::{Decimal, format_units};
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::staking;
use heliograph_client::{account, pda};
use heliograph_staking::state::Position;
use serde_json::json;
use solana_signer::Signer;

/// Start the cooldown of some or all of the stake
#[derive(Debug, Args)]
#[command(
    long_about = "Start the cooldown of some or all of the stake. What unbonds no longer counts \
    (below the network's minimum the node stops getting sessions), stays slashable until the \
    cooldown is over, and is then paid out by `heliograph stake withdraw`.",
    after_long_help = "EXAMPLE\n  heliograph stake unbond node.json 500"
)]
pub struct Unbond {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Whole tokens, such as 1000.5 [default: all of it]
    pub amount: Option<Decimal>,
}

impl Unbond {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let owner = context.signer()?;
        let network = context.network().await?;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let decimals = chain::decimals(rpc, &network.stake_mint).await?;
        let address = pda::position(&node);
        let before: Option<Position> = account::find(rpc, &address).await?;
        let before = before.ok_or_else(|| usage("the node has no stake"))?;
        let amount = match &self.amount {
            Some(amount) => amount.to_units(decimals).map_err(|error| usage(error.to_string()))?,
            None => before.bonded,
        };
        let instruction = staking::unbond(owner.pubkey(), node, amount);
        let signature = context.send(&owner, &[], &[instruction]).await?;
        let after: Position = account::get(rpc, &address).await?;
        let available_at = after.unbonding.iter().map(|slot| slot.available_at).max().unwrap_or(0);
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "unbonding": amount,
            "bonded": after.bonded,
            "available_at_unix_secs": available_at,
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let wait = network.params.unbonding_secs;
        let text = fields([
            ("unbonding", format!("{}, for {wait} s", format_units(amount, decimals))),
            ("bonded", format_units(after.bonded, decimals)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
