//! `heliograph stake withdraw`.

use crate::amount::format_units;
use crate::chain::{self, token_place};
use crate::context::Context;
use crate::exit::{Exit, usage};
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::{staking, token};
use heliograph_client::{account, pda};
use heliograph_staking::state::Position;
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Pay out everything whose cooldown is over
#[derive(Debug, Args)]
#[command(
    long_about = "Pay out everything whose cooldown is over. When nothing is due yet, says when it \
    will be and ends with 75.",
    after_long_help = "EXAMPLE\n  heliograph stake withdraw node.json"
)]
pub struct Withdraw {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Where the tokens go: a wallet or a token account [default: the operator's]
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<Pubkey>,
}

impl Withdraw {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let owner = context.signer()?;
        let mint = context.network().await?.stake_mint;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let decimals = chain::decimals(rpc, &mint).await?;
        let position: Option<Position> = account::find(rpc, &pda::position(&node)).await?;
        let position = position.ok_or_else(|| usage("the node has no stake"))?;
        let now = chain::unix_secs(rpc).await?;
        let leaving = || position.unbonding.iter().filter(|slot| slot.amount > 0);
        let due: u64 =
            leaving().filter(|slot| slot.available_at <= now).map(|slot| slot.amount).sum();
        let node_key = registered.node_key.to_string();
        if due == 0 {
            let Some(next) = leaving().min_by_key(|slot| slot.available_at) else {
                return Err(usage("nothing is unbonding: start with `heliograph stake unbond`"));
            };
            let wait = next.available_at - now;
            let document = json!({
                "node_key": node_key,
                "withdrawn": 0,
                "next_amount": next.amount,
                "next_available_at_unix_secs": next.available_at,
                "decimals": decimals,
            });
            let amount = format_units(next.amount, decimals);
            let text = format!("nothing is due yet: {amount} in {wait} s");
            return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
        }
        let place = token_place(rpc, &self.to.unwrap_or(owner.pubkey()), &mint).await?;
        let mut instructions = Vec::new();
        if let Some(wallet) = place.create_for {
            instructions.push(token::create_token_account(&owner.pubkey(), &wallet, &mint));
        }
        instructions.push(staking::withdraw(owner.pubkey(), node, mint, place.account));
        let before = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let signature = context.send(&owner, &[], &instructions).await?;
        let after = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let document = json!({
            "node_key": node_key,
            "withdrawn": after.saturating_sub(before),
            "to": place.account.to_string(),
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("withdrawn", format_units(after.saturating_sub(before), decimals)),
            ("to", place.account.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
