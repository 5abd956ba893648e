//! `heliograph keeper unjail`, and the step that nodes share with it.

use super::Which;
use crate::amount::format_units;
use crate::chain::{self, Role, Staked};
use crate::context::Context;
use crate::duration::duration;
use crate::exit::{Exit, usage};
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry;
use heliograph_registry::state::{KeeperRole, KeeperStatus, NodeStatus, Subject};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Take a keeper out of jail once its time is over
#[derive(Debug, Args)]
#[command(
    long_about = "Take a keeper out of jail once its time is over and its stake is at least the \
    minimum again. It is pending then: activate it. Before its time the command sends nothing, says \
    how long it takes and ends with 75.",
    after_long_help = "EXAMPLE\n  heliograph keeper unjail settler.json"
)]
pub struct Unjail {
    #[command(flatten)]
    pub which: Which,
}

impl Unjail {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let key = self.which.keeper_key.pubkey()?;
        let role = self.which.role.map(Into::into);
        let (_, keeper) = chain::keeper(&context.rpc, &key, role).await?;
        let role = match keeper.role {
            KeeperRole::Observer => Role::Observer,
            KeeperRole::Settler => Role::Settler,
        };
        unjail(context, &key, role).await
    }
}

/// Takes `key` out of jail.
pub async fn unjail(context: &Context, key: &Pubkey, role: Role) -> Result<Outcome> {
    let owner = context.signer()?;
    let network = context.network().await?;
    let staked = chain::staked(&context.rpc, &network, key, Some(role)).await?;
    let name = role.name();
    if !is_jailed(&staked.subject) {
        return Err(usage(format!("{name} {key} is not jailed")));
    }
    let until = staked.subject.jailed_until();
    let mut document = json!({
        "role": name,
        "key": key.to_string(),
        "jailed_until_unix_secs": until,
        "unjailed": false,
    });
    let now = chain::unix_secs(&context.rpc).await?;
    if let Ok(wait) = u64::try_from(until - now)
        && wait > 0
    {
        document["wait_secs"] = wait.into();
        let text =
            format!("{name} {key} is jailed for another {}: nothing was sent", duration(wait));
        return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
    }
    check_stake(&staked)?;
    let instruction = registry::unjail(owner.pubkey(), staked.address);
    let signature = context.send(&owner, &[], &[instruction]).await?;
    document["unjailed"] = true.into();
    document["transaction"] = signature.to_string().into();
    Outcome::new(&document, format!("{name} {key}: jailed → pending\ntransaction {signature}"))
}

fn is_jailed(subject: &Subject) -> bool {
    match subject {
        Subject::Node(node) => node.status == NodeStatus::Jailed,
        Subject::Keeper(keeper) => keeper.status == KeeperStatus::Jailed,
    }
}

fn check_stake(staked: &Staked) -> Result<()> {
    let held = staked.subject.stake();
    if held >= staked.minimum {
        return Ok(());
    }
    let units = |units| format_units(units, staked.decimals);
    Err(usage(format!(
        "its stake is {}, the minimum {}: `heliograph stake deposit` first",
        units(held),
        units(staked.minimum)
    )))
}
