//! `heliograph observer post`.

use crate::chain;
use crate::context::Context;
use crate::documents::report::ReportFile;
use crate::exit::usage;
use crate::keys;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::reputation::post_root;
use heliograph_registry::state::KeeperRole;
use serde_json::json;
use solana_signer::Signer;
use std::path::PathBuf;

/// Post an epoch's root over what the observer saw
#[derive(Debug, Args)]
#[command(
    long_about = "Post an epoch's root over what the observer saw: samples become figures, figures \
    leaves, leaves a root. Roots are posted in the epoch after the one they are about. Keep the \
    samples and publish them: whoever cranks leaves wants to see what is behind them.\n\n\
    --keypair pays the rent and gets it back when the epoch is kept no longer.",
    after_long_help = "EXAMPLE\n  \
    heliograph observer post --keeper-key observer.json --samples epoch-1780002000/"
)]
pub struct Post {
    /// Keypair file of the observer's hot key
    #[arg(long, value_name = "FILE")]
    pub keeper_key: PathBuf,
    #[command(flatten)]
    pub file: ReportFile,
}

impl Post {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let report = self.file.read()?;
        let payer = context.signer()?;
        let keeper_key = keys::read(&self.keeper_key)?;
        let key = keeper_key.pubkey();
        let role = Some(KeeperRole::Observer);
        let (observer, _) = chain::keeper(&context.rpc, &key, role).await?;
        for seen in &report.seen {
            if !seen.is_true(report.epoch_secs) {
                return Err(usage(format!(
                    "node {}: the figures are not what the samples give: the leaf would convict {key}",
                    seen.node_key
                )));
            }
        }
        let root = report.root(&observer);
        let instruction = post_root(payer.pubkey(), observer, key, root);
        let signature = context.send(&payer, &[&keeper_key], &[instruction]).await?;
        let document = json!({
            "keeper_key": key.to_string(),
            "epoch": root.epoch,
            "root": hex::encode(root.root),
            "leaves": root.leaves_count,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("posted", format!("epoch {}, {} nodes", root.epoch, root.leaves_count)),
            ("root", hex::encode(root.root)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
