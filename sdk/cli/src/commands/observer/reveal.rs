//! `heliograph observer reveal`.

use crate::chain;
use crate::context::Context;
use crate::documents::report::ReportFile;
use crate::duration::duration;
use crate::exit::{Exit, usage};
use crate::keys::KeyRef;
use crate::output::{Outcome, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::reputation::submit_leaf;
use heliograph_client::{account, pda};
use heliograph_protocol::reputation::Phase;
use heliograph_registry::state::KeeperRole;
use heliograph_reputation::state::{Epoch, Observation, Tally};
use serde::Serialize;
use serde_json::json;
use solana_signer::Signer;

/// Show the leaves under a root that an observer posted
#[derive(Debug, Args)]
#[command(
    long_about = "Show the leaves under a root that an observer posted, each with its proof. Leaves \
    are shown in the second epoch after the one they are about, by anybody who has the observer's \
    samples. A leaf that its samples contradict, or whose samples are not there, is left out; what \
    is on chain already is not sent again. --keypair pays fees, and the rent of tallies, which comes \
    back.",
    after_long_help = "EXAMPLE\n  \
    heliograph observer reveal OBSERVER_KEY --samples epoch-1780002000/"
)]
pub struct Reveal {
    /// The observer's keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
    #[command(flatten)]
    pub file: ReportFile,
}

/// What became of a leaf.
#[derive(Debug, Serialize)]
struct Shown {
    node_key: String,
    outcome: &'static str,
    transaction: Option<String>,
}

impl Reveal {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let report = self.file.read()?;
        let payer = context.signer()?;
        let key = self.keeper_key.pubkey()?;
        let (observer, _) = chain::keeper(rpc, &key, Some(KeeperRole::Observer)).await?;
        let address = pda::observation(&observer, report.epoch);
        let posted: Option<Observation> = account::find(rpc, &address).await?;
        let posted = posted.ok_or_else(|| {
            usage(format!("observer {key} has posted no root for epoch {}", report.epoch))
        })?;
        let root = report.root(&observer);
        if (posted.root, posted.leaves_count) != (root.root, root.leaves_count) {
            return Err(usage(format!(
                "the samples have another root than observer {key} posted: are they all of them?"
            )));
        }
        let epoch: Epoch = account::get(rpc, &pda::epoch(report.epoch)).await?;
        let now = chain::unix_secs(rpc).await?.unsigned_abs();
        match epoch.phase(now) {
            Phase::Submitting => {}
            Phase::Scoring => return Err(usage("leaves of this epoch cannot be shown any more")),
            Phase::Measuring | Phase::Posting => {
                let begins = epoch.times().end().saturating_add(epoch.secs.into());
                let wait = begins.saturating_sub(now);
                let document = json!({"epoch": report.epoch, "wait_secs": wait});
                let text = format!("it is too early by {}: nothing was sent", duration(wait));
                return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
            }
        }
        let mut shown = Vec::new();
        for (leaf, seen) in report.proved(&observer).into_iter().zip(&report.seen) {
            let tally: Option<Tally> =
                account::find(rpc, &pda::tally(&seen.node, report.epoch)).await?;
            let (outcome, signature) = if tally.is_some_and(|tally| tally.of(&observer).is_some()) {
                ("there already", None)
            } else if seen.samples.is_none() {
                ("left out: no samples", None)
            } else if !seen.is_true(epoch.secs) {
                ("left out: its samples contradict it", None)
            } else {
                let show = submit_leaf(payer.pubkey(), leaf);
                ("shown", Some(context.send(&payer, &[], &[show]).await?.to_string()))
            };
            let node_key = seen.node_key.to_string();
            shown.push(Shown { node_key, outcome, transaction: signature });
        }
        let rows = shown.iter().map(|leaf| {
            let transaction = leaf.transaction.clone().unwrap_or_default();
            [leaf.node_key.clone(), leaf.outcome.to_owned(), transaction]
        });
        let text = table(&["node key", "leaf", "transaction"], rows);
        Outcome::new(&json!({"epoch": report.epoch, "leaves": shown}), text)
    }
}
