//! `heliograph network show`.

use super::params::{PARAMETERS, document};
use super::{change, pause, some_key};
use crate::chain;
use crate::context::Context;
use crate::duration::until;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::pda;
use serde_json::json;

/// Show parameters, roles, pauses, and the change that is under way
#[derive(Debug, Args)]
#[command(
    long_about = "Show parameters, roles, pauses, and the change that is under way.\n\n\
    Needs no key: everything shown is on chain. The object `params` of --json is what `heliograph \
    network propose --params` reads.",
    after_long_help = "EXAMPLES\n  \
    heliograph network show\n  \
    heliograph network show --json | jq .params"
)]
pub struct Show {}

impl Show {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let network = context.network().await?;
        let decimals = chain::decimals(&context.rpc, &network.stake_mint).await?;
        let now = chain::unix_secs(&context.rpc).await?;
        let change = change(context).await?;
        let paused = pause::names(network.paused);
        let document = json!({
            "network": pda::network().to_string(),
            "domain_id": hex::encode(network.domain_id),
            "authority": network.authority.to_string(),
            "pending_authority": some_key(&network.pending_authority),
            "guardian": some_key(&network.guardian),
            "paused": paused,
            "payment_mint": network.payment_mint.to_string(),
            "stake_mint": network.stake_mint.to_string(),
            "stake_decimals": decimals,
            "treasury": network.treasury.to_string(),
            "params": document(&network.params, decimals),
            "change": change.as_ref().map(|change| json!({
                "params": document(&change.params, decimals),
                "treasury": change.treasury.to_string(),
                "proposed_at_unix_secs": change.proposed_at,
                "available_at_unix_secs": change.available_at,
            })),
        });
        let nobody = || "nobody".to_owned();
        let mut pairs = vec![
            ("authority", network.authority.to_string()),
            ("guardian", some_key(&network.guardian).unwrap_or_else(nobody)),
            ("paused", if paused.is_empty() { "nothing".into() } else { paused.join(", ") }),
            ("payment mint", network.payment_mint.to_string()),
            ("stake mint", format!("{} ({decimals} decimals)", network.stake_mint)),
            ("treasury", network.treasury.to_string()),
        ];
        if let Some(key) = some_key(&network.pending_authority) {
            pairs.insert(1, ("proposed authority", key));
        }
        let text = match &change {
            None => {
                let rows =
                    PARAMETERS.iter().map(|p| [p.name(), p.describe(&network.params, decimals)]);
                format!("{}\n{}", fields(pairs), table(&["parameter", ">value"], rows))
            }
            Some(change) => {
                pairs.push((
                    "change",
                    format!("can be applied {}", until(change.available_at, now)),
                ));
                if change.treasury != network.treasury {
                    pairs.push(("new treasury", change.treasury.to_string()));
                }
                let rows = PARAMETERS.iter().map(|p| {
                    let same = p.value(&change.params) == p.value(&network.params);
                    let new =
                        if same { String::new() } else { p.describe(&change.params, decimals) };
                    [p.name(), p.describe(&network.params, decimals), new]
                });
                let headings = ["parameter", ">value", ">announced"];
                format!("{}\n{}", fields(pairs), table(&headings, rows))
            }
        };
        Outcome::new(&document, text)
    }
}
