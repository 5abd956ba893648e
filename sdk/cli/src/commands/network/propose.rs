//! `heliograph network propose`.

use super::params::{Changes, PARAMETERS};
use super::{change, signer_as};
use crate::chain::{self, token_place};
use crate::context::Context;
use crate::duration::duration;
use crate::exit::usage;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::propose_params;
use heliograph_client::instruction::token::create_token_account;
use serde_json::{Map, Value, json};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::PathBuf;

/// Announce new parameters or another treasury; the timelock begins
#[derive(Debug, Args)]
#[command(
    long_about = "Announce new parameters or another treasury; the timelock begins.\n\n\
    Name what is to change, by flags, a file, or both (flags win); everything else stays. What would \
    change is shown as old and new and checked as the program checks it before anything is sent; \
    --dry-run stops there. There is one change at a time: cancel the one under way to replace it. \
    --keypair is the network's authority and pays the rent until the change is applied or cancelled.",
    after_long_help = "EXAMPLES\n  \
    heliograph network propose --observer-quorum 5 --dry-run\n  \
    heliograph network propose --observer-quorum 5 --node-stake-min-tokens 2000\n  \
    heliograph network propose --params change.toml --treasury WALLET\n\n\
    FILE (TOML, or JSON where the name ends in .json; names as in `network show --json`)\n  \
    epoch_secs = 1800\n  \
    node_stake_min_tokens = 2000"
)]
pub struct Propose {
    #[command(flatten)]
    pub changes: Changes,
    /// File with the parameters that are to change
    #[arg(long, value_name = "FILE")]
    pub params: Option<PathBuf>,
    /// Who receives the treasury's share: a wallet, or a token account of the payment mint
    #[arg(long, value_name = "ADDRESS")]
    pub treasury: Option<Pubkey>,
    /// Show and check the change, send nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl Propose {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let network = context.network().await?;
        let decimals = chain::decimals(rpc, &network.stake_mint).await?;
        let from_file = self.params.as_deref().map(Changes::read).transpose()?.unwrap_or_default();
        let params = from_file.apply(network.params, decimals)?;
        let params = self.changes.apply(params, decimals)?;
        let place = match &self.treasury {
            Some(address) => Some(token_place(rpc, address, &network.payment_mint).await?),
            None => None,
        };
        let treasury = place.map_or(network.treasury, |place| place.account);
        if params == network.params && treasury == network.treasury {
            return Err(usage("nothing would change: name a parameter and another value for it"));
        }
        params.validate().map_err(chain::refused)?;

        let changed = PARAMETERS.iter().filter(|p| p.value(&params) != p.value(&network.params));
        let mut rows: Vec<[String; 3]> = changed
            .clone()
            .map(|p| {
                let old = p.describe(&network.params, decimals);
                [p.name(), old, p.describe(&params, decimals)]
            })
            .collect();
        let mut changes: Map<String, Value> = changed
            .map(|p| {
                let old = p.json(&network.params, decimals);
                (p.name(), json!({ "old": old, "new": p.json(&params, decimals) }))
            })
            .collect();
        if treasury != network.treasury {
            let (old, new) = (network.treasury.to_string(), treasury.to_string());
            changes.insert("treasury".into(), json!({ "old": old, "new": new }));
            rows.push(["treasury".into(), old, new]);
        }
        let shown = table(&["parameter", ">old", ">new"], rows);
        let timelock = duration(network.params.timelock_secs.into());
        let mut document = json!({ "changes": changes, "sent": false });
        if self.dry_run {
            let text = format!("{shown}\nnothing was sent; the timelock would run for {timelock}");
            return Outcome::new(&document, text);
        }

        let authority = signer_as(context, "authority", &network.authority)?;
        if change(context).await?.is_some() {
            return Err(usage(
                "a change is under way already; `heliograph network show` shows it, `heliograph \
                 network cancel` takes it back",
            ));
        }
        let mut instructions = Vec::new();
        if let Some(owner) = place.and_then(|place| place.create_for) {
            let mint = network.payment_mint;
            instructions.push(create_token_account(&authority.pubkey(), &owner, &mint));
        }
        instructions.push(propose_params(authority.pubkey(), treasury, params));
        let signature = context.send(&authority, &[], &instructions).await?;
        let pending = super::pending_change(context).await?;
        document["sent"] = true.into();
        document["available_at_unix_secs"] = pending.available_at.into();
        document["transaction"] = signature.to_string().into();
        let text = fields([
            ("announced", format!("anybody can apply it in {timelock}")),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, format!("{shown}\n{text}"))
    }
}
