//! `heliograph score`.

use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::{account, pda};
use heliograph_registry::state::Node;
use heliograph_reputation::state;
use serde_json::{Value, json};
use solana_pubkey::Pubkey;
use std::collections::HashMap;

/// Show how good nodes are, by what observers saw
#[derive(Debug, Args)]
#[command(
    long_about = "Show how good nodes are, by what observers saw: the smoothed score, best first, \
    or of one node the scores of its last epochs. Scores are parts per million of a flawless node. \
    Needs no key.",
    after_long_help = "EXAMPLES\n  heliograph score\n  heliograph score NODE_KEY --json"
)]
pub struct Score {
    /// The node key: base58, or its keypair file [default: all nodes that have a score]
    pub node_key: Option<KeyRef>,
}

impl Score {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match &self.node_key {
            Some(key) => one(context, &key.pubkey()?).await,
            None => all(context).await,
        }
    }
}

/// Parts per million as per cent.
pub fn percent(ppm: u32) -> String {
    format!("{}.{:04} %", ppm / 10_000, ppm % 10_000)
}

async fn all(context: &Context) -> Result<Outcome> {
    let mut scores: Vec<(Pubkey, state::Score)> = account::all(&context.rpc).await?;
    let nodes: Vec<(Pubkey, Node)> = account::all(&context.rpc).await?;
    let keys: HashMap<Pubkey, Pubkey> =
        nodes.into_iter().map(|(address, node)| (address, node.node_key)).collect();
    scores.sort_by_key(|(address, score)| (std::cmp::Reverse(score.smoothed_ppm), *address));
    let key = |score: &state::Score| keys.get(&score.node).map(ToString::to_string);
    let documents: Vec<Value> = scores
        .iter()
        .map(|(_, score)| {
            json!({
                "node_key": key(score),
                "node": score.node.to_string(),
                "smoothed_ppm": score.smoothed_ppm,
                "epochs_scored": score.epochs_scored,
                "last_epoch": score.epochs.last().map(|epoch| epoch.epoch),
            })
        })
        .collect();
    if documents.is_empty() {
        return Outcome::new(&documents, "no node has a score yet");
    }
    let rows = scores.iter().map(|(_, score)| {
        [
            key(score).unwrap_or_else(|| score.node.to_string()),
            percent(score.smoothed_ppm),
            score.epochs_scored.to_string(),
        ]
    });
    Outcome::new(&documents, table(&["node key", ">score", ">epochs"], rows))
}

async fn one(context: &Context, node_key: &Pubkey) -> Result<Outcome> {
    let (node, _) = chain::node(&context.rpc, node_key).await?;
    let score: Option<state::Score> = account::find(&context.rpc, &pda::score(&node)).await?;
    let score = score.ok_or_else(|| usage(format!("node {node_key} has no score yet")))?;
    let epochs: Vec<Value> = score
        .epochs
        .iter()
        .map(|epoch| {
            json!({
                "epoch": epoch.epoch,
                "score_ppm": epoch.score_ppm,
                "availability_ppm": epoch.availability_ppm,
                "observers": epoch.observers,
            })
        })
        .collect();
    let document = json!({
        "node_key": node_key.to_string(),
        "node": node.to_string(),
        "smoothed_ppm": score.smoothed_ppm,
        "epochs_scored": score.epochs_scored,
        "epochs": epochs,
    });
    let rows = score.epochs.iter().rev().map(|epoch| {
        [
            epoch.epoch.to_string(),
            percent(epoch.score_ppm),
            percent(epoch.availability_ppm),
            epoch.observers.to_string(),
        ]
    });
    let headings = [">epoch (Unix time)", ">score", ">availability", ">observers"];
    let text = fields([
        ("node", node_key.to_string()),
        ("score", percent(score.smoothed_ppm)),
        ("epochs scored", score.epochs_scored.to_string()),
    ]);
    Outcome::new(&document, format!("{text}\n{}", table(&headings, rows)))
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn millionths_are_written_as_per_cent() {
        assert_eq!(percent(1_000_000), "100.0000 %");
        assert_eq!(percent(999_999), "99.9999 %");
        assert_eq!(percent(5), "0.0005 %");
    }
}
