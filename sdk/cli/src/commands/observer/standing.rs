//! `heliograph observer standing`.

use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::{account, pda};
use heliograph_registry::state::{Keeper, KeeperRole};
use heliograph_reputation::state;
use serde::Serialize;
use solana_pubkey::Pubkey;
use std::collections::HashMap;

/// Show an observer's standing, or all
#[derive(Debug, Args)]
#[command(
    long_about = "Show an observer's standing, or all: roots posted, epochs it was absent, nodes it \
    was judged on, leaves it kept back, reports far from the median. More than a quarter of the last \
    64 judgements at fault makes it unreliable. Needs no key.",
    after_long_help = "EXAMPLES\n  \
    heliograph observer standing\n  \
    heliograph observer standing OBSERVER_KEY --json"
)]
pub struct Standing {
    /// The observer's keeper key: base58, or its keypair file [default: all observers]
    pub keeper_key: Option<KeyRef>,
}

/// A standing's account.
#[derive(Debug, Serialize)]
struct View {
    keeper_key: Option<String>,
    keeper: String,
    roots: u64,
    absences: u64,
    judged: u64,
    missed: u64,
    deviated: u64,
    recent_faults: u32,
    unreliable: bool,
}

impl View {
    fn new(standing: &state::Standing, keeper_key: Option<&Pubkey>) -> Self {
        Self {
            keeper_key: keeper_key.map(ToString::to_string),
            keeper: standing.keeper.to_string(),
            roots: standing.roots,
            absences: standing.absences,
            judged: standing.judged,
            missed: standing.missed,
            deviated: standing.deviated,
            recent_faults: standing.recent_faults.count_ones(),
            unreliable: standing.record().is_unreliable(),
        }
    }

    fn name(&self) -> String {
        self.keeper_key.clone().unwrap_or_else(|| self.keeper.clone())
    }
}

impl Standing {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match &self.keeper_key {
            Some(key) => one(context, &key.pubkey()?).await,
            None => all(context).await,
        }
    }
}

async fn one(context: &Context, key: &Pubkey) -> Result<Outcome> {
    let rpc = &context.rpc;
    let (keeper, _) = chain::keeper(rpc, key, Some(KeeperRole::Observer)).await?;
    let standing = account::find(rpc, &pda::standing(&keeper)).await?;
    let standing =
        standing.ok_or_else(|| usage(format!("observer {key} has posted no root yet")))?;
    let view = View::new(&standing, Some(key));
    let reliable = if view.unreliable { "unreliable" } else { "reliable" };
    let text = fields([
        ("observer", key.to_string()),
        ("account", view.keeper.clone()),
        ("roots posted", view.roots.to_string()),
        ("epochs absent", view.absences.to_string()),
        ("judged", format!("on {} nodes and epochs", view.judged)),
        ("kept back", view.missed.to_string()),
        ("far off", view.deviated.to_string()),
        ("lately", format!("{} faults in the last 64: {reliable}", view.recent_faults)),
    ]);
    Outcome::new(&view, text)
}

async fn all(context: &Context) -> Result<Outcome> {
    let keepers: Vec<(Pubkey, Keeper)> = account::all(&context.rpc).await?;
    let keys: HashMap<Pubkey, Pubkey> =
        keepers.into_iter().map(|(address, keeper)| (address, keeper.keeper_key)).collect();
    let mut standings: Vec<(Pubkey, state::Standing)> = account::all(&context.rpc).await?;
    standings.sort_by_key(|(address, standing)| (std::cmp::Reverse(standing.roots), *address));
    let views: Vec<View> = standings
        .iter()
        .map(|(_, standing)| View::new(standing, keys.get(&standing.keeper)))
        .collect();
    if views.is_empty() {
        return Outcome::new(&views, "no observer has posted a root yet");
    }
    let rows = views.iter().map(|view| {
        [
            view.name(),
            view.roots.to_string(),
            view.absences.to_string(),
            view.judged.to_string(),
            view.missed.to_string(),
            view.deviated.to_string(),
            if view.unreliable { "unreliable".to_owned() } else { String::new() },
        ]
    });
    let headings =
        ["observer key", ">roots", ">absent", ">judged", ">kept back", ">far off", "lately"];
    Outcome::new(&views, table(&headings, rows))
}
