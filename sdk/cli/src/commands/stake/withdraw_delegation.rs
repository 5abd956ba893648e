//! `heliograph stake withdraw-delegation`.

use super::{delegated, position};
use crate::amount::format_units;
use crate::chain::{self, token_place};
use crate::context::Context;
use crate::duration::duration;
use crate::exit::{Exit, usage};
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::{staking, token};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Pay out what was undelegated and whose cooldown is over
#[derive(Debug, Args)]
#[command(
    long_about = "Pay out what was undelegated and whose cooldown is over, for what it is worth \
    now. When nothing is due yet, says when it will be and ends with 75.",
    after_long_help = "EXAMPLE\n  heliograph stake withdraw-delegation NODE_KEY"
)]
pub struct WithdrawDelegation {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Where the tokens go: a wallet or a token account [default: the delegator's]
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<Pubkey>,
}

impl WithdrawDelegation {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let delegator = context.signer()?;
        let key = delegator.pubkey();
        let mint = context.network().await?.stake_mint;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let decimals = chain::decimals(rpc, &mint).await?;
        let (position_address, _) = position(rpc, &node).await?;
        let (_, delegation) = delegated(rpc, &position_address, &key).await?;
        let now = chain::unix_secs(rpc).await?;
        let leaving = || delegation.undelegating.iter().filter(|slot| slot.shares > 0);
        let node_key = registered.node_key.to_string();
        if leaving().all(|slot| slot.available_at > now) {
            let Some(next) = leaving().min_by_key(|slot| slot.available_at) else {
                return Err(usage(
                    "nothing is on its way out: start with `heliograph stake undelegate`",
                ));
            };
            let wait = duration(u64::try_from(next.available_at - now).unwrap_or(0));
            let document = json!({
                "node_key": node_key,
                "withdrawn": 0,
                "next_shares": next.shares,
                "next_available_at_unix_secs": next.available_at,
                "decimals": decimals,
            });
            let text = format!("nothing is due yet: {} shares in {wait}", next.shares);
            return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
        }
        let place = token_place(rpc, &self.to.unwrap_or(key), &mint).await?;
        let mut instructions = Vec::new();
        if let Some(wallet) = place.create_for {
            instructions.push(token::create_token_account(&key, &wallet, &mint));
        }
        instructions.push(staking::withdraw_delegation(key, node, mint, place.account));
        let before = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let signature = context.send(&delegator, &[], &instructions).await?;
        let after = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let withdrawn = after.saturating_sub(before);
        let document = json!({
            "node_key": node_key,
            "withdrawn": withdrawn,
            "to": place.account.to_string(),
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("withdrawn", format_units(withdrawn, decimals)),
            ("to", place.account.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
