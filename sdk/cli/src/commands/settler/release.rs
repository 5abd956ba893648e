//! `heliograph settler release`.

use super::with_book;
use crate::amount::usdc;
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::settlement::release;
use serde_json::json;

/// Take batches that are over out of the exposure
#[derive(Debug, Args)]
#[command(
    long_about = "Take batches that nobody can dispute any more out of a settler's exposure, up to \
    64 at once. A settler that posts does that by itself; anybody can.",
    after_long_help = "EXAMPLE\n  heliograph settler release settler.json"
)]
pub struct Release {
    /// The settler's keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
}

impl Release {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let key = self.keeper_key.pubkey()?;
        let before = with_book(rpc, &key).await?;
        let payer = context.signer()?;
        let signature = context.send(&payer, &[], &[release(before.book_address)]).await?;
        let after = with_book(rpc, &key).await?.book;
        let released = before.book.exposed.saturating_sub(after.exposed);
        let document = json!({
            "keeper_key": key.to_string(),
            "released_batches": released,
            "exposed_batches": after.exposed,
            "exposure_micro_usdc": after.exposure_micro_usdc,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("released batches", released.to_string()),
            ("exposure", usdc(after.exposure_micro_usdc)),
            ("exposed batches", after.exposed.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
