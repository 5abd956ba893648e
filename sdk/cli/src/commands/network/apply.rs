//! `heliograph network apply`.

use super::params::document;
use super::pending_change;
use crate::chain;
use crate::context::Context;
use crate::duration::duration;
use crate::exit::Exit;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::apply_params;
use serde_json::json;

/// Put an announced change in force once its timelock is over
#[derive(Debug, Args)]
#[command(
    long_about = "Put an announced change in force once its timelock is over. Anybody can: \
    --keypair only pays the fee. Before that nothing is sent, and the command ends with 75 and says \
    how long it takes.",
    after_long_help = "EXAMPLE\n  heliograph network apply"
)]
pub struct Apply {}

impl Apply {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let network = context.network().await?;
        let decimals = chain::decimals(rpc, &network.stake_mint).await?;
        let pending = pending_change(context).await?;
        let now = chain::unix_secs(rpc).await?;
        if let Ok(wait) = u64::try_from(pending.available_at - now)
            && wait > 0
        {
            let document = json!({
                "applied": false,
                "available_at_unix_secs": pending.available_at,
                "wait_secs": wait,
            });
            let text =
                format!("the timelock runs for another {}: nothing was sent", duration(wait));
            return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
        }
        pending.check_due(now).map_err(chain::refused)?;
        let payer = context.signer()?;
        let instruction = apply_params(pending.treasury, pending.rent_payer);
        let signature = context.send(&payer, &[], &[instruction]).await?;
        let network = context.network().await?;
        let document = json!({
            "applied": true,
            "params": document(&network.params, decimals),
            "treasury": network.treasury.to_string(),
            "transaction": signature.to_string(),
        });
        Outcome::new(&document, format!("the change is in force\ntransaction {signature}"))
    }
}
