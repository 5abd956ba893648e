//! `heliograph stake withdraw`.

use super::position;
use crate::amount::format_units;
use crate::chain::{self, Role, token_place};
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

/// Pay out everything whose cooldown is over
#[derive(Debug, Args)]
#[command(
    long_about = "Pay out everything whose cooldown is over. When nothing is due yet, says when it \
    will be and ends with 75.",
    after_long_help = "EXAMPLE\n  heliograph stake withdraw node.json"
)]
pub struct Withdraw {
    /// The key of the node or keeper: base58, or its keypair file
    pub key: KeyRef,
    /// Where the tokens go: a wallet or a token account [default: the owner's]
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<Pubkey>,
    /// The role, where the key is registered in several
    #[arg(long, value_enum)]
    pub role: Option<Role>,
}

impl Withdraw {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let owner = context.signer()?;
        let network = context.network().await?;
        let key = self.key.pubkey()?;
        let staked = chain::staked(rpc, &network, &key, self.role).await?;
        let (mint, decimals) = (staked.mint, staked.decimals);
        let (_, position) = position(rpc, &staked.address).await?;
        let now = chain::unix_secs(rpc).await?;
        let leaving = || position.unbonding.iter().filter(|slot| slot.amount > 0);
        let due: u64 =
            leaving().filter(|slot| slot.available_at <= now).map(|slot| slot.amount).sum();
        if due == 0 {
            let Some(next) = leaving().min_by_key(|slot| slot.available_at) else {
                return Err(usage("nothing is unbonding: start with `heliograph stake unbond`"));
            };
            let wait = duration(u64::try_from(next.available_at - now).unwrap_or(0));
            let document = json!({
                "role": staked.role.name(),
                "key": key.to_string(),
                "withdrawn": 0,
                "next_amount": next.amount,
                "next_available_at_unix_secs": next.available_at,
                "decimals": decimals,
            });
            let amount = format_units(next.amount, decimals);
            let text = format!("nothing is due yet: {amount} in {wait}");
            return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
        }
        let place = token_place(rpc, &self.to.unwrap_or(owner.pubkey()), &mint).await?;
        let mut instructions = Vec::new();
        if let Some(wallet) = place.create_for {
            instructions.push(token::create_token_account(&owner.pubkey(), &wallet, &mint));
        }
        instructions.push(staking::withdraw(owner.pubkey(), staked.address, mint, place.account));
        let before = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let signature = context.send(&owner, &[], &instructions).await?;
        let after = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let document = json!({
            "role": staked.role.name(),
            "key": key.to_string(),
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
