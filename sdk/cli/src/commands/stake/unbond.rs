//! `heliograph stake unbond`.

use super::position;
use crate::amount::{Decimal, format_units};
use crate::chain::{self, Role};
use crate::context::Context;
use crate::duration::duration;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::staking;
use heliograph_staking::state::Position;
use serde_json::json;
use solana_signer::Signer;

/// Start the cooldown of some or all of the stake
#[derive(Debug, Args)]
#[command(
    long_about = "Start the cooldown of some or all of the stake. What unbonds no longer counts \
    (below the network's minimum a node gets no sessions and a keeper's posts are refused), stays \
    slashable until the cooldown is over, and is then paid out by `heliograph stake withdraw`.",
    after_long_help = "EXAMPLE\n  heliograph stake unbond node.json 500"
)]
pub struct Unbond {
    /// The key of the node or keeper: base58, or its keypair file
    pub key: KeyRef,
    /// Whole tokens, such as 1000.5 [default: all of it]
    pub amount: Option<Decimal>,
    /// The role, where the key is registered in several
    #[arg(long, value_enum)]
    pub role: Option<Role>,
}

impl Unbond {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let owner = context.signer()?;
        let network = context.network().await?;
        let key = self.key.pubkey()?;
        let staked = chain::staked(rpc, &network, &key, self.role).await?;
        let decimals = staked.decimals;
        let (address, before) = position(rpc, &staked.address).await?;
        let amount = match &self.amount {
            Some(amount) => amount.to_units(decimals).map_err(|error| usage(error.to_string()))?,
            None => before.bonded,
        };
        let instruction = staking::unbond(owner.pubkey(), staked.address, amount);
        let signature = context.send(&owner, &[], &[instruction]).await?;
        let after: Position = account::get(rpc, &address).await?;
        let available_at = after.unbonding.iter().map(|slot| slot.available_at).max().unwrap_or(0);
        let document = json!({
            "role": staked.role.name(),
            "key": key.to_string(),
            "unbonding": amount,
            "bonded": after.bonded,
            "available_at_unix_secs": available_at,
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let wait = duration(network.params.unbonding_secs.into());
        let text = fields([
            ("unbonding", format!("{}, for {wait}", format_units(amount, decimals))),
            ("bonded", format_units(after.bonded, decimals)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
