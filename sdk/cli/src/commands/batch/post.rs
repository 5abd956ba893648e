//! `heliograph batch post`.

use crate::amount::usdc;
use crate::chain;
use crate::commands::settler::with_book;
use crate::context::Context;
use crate::documents::{self, LeavesFile};
use crate::exit::usage;
use crate::keys;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::post_batch;
use heliograph_protocol::{batch, minute_index};
use heliograph_settlement::state::{PostBatchArgs, Session};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::PathBuf;

/// Post a minute's root
#[derive(Debug, Args)]
#[command(
    long_about = "Post a minute's root over leaves. The settler answers for every leaf with its \
    bond: keep the voucher behind each of them until nobody can challenge the batch any more. \
    --keypair pays the fee.",
    after_long_help = "EXAMPLE\n  \
    heliograph batch post --keeper-key settler.json --leaves leaves.json"
)]
pub struct Post {
    /// Keypair file of the settler's hot key
    #[arg(long, value_name = "FILE")]
    pub keeper_key: PathBuf,
    #[command(flatten)]
    pub file: LeavesFile,
    /// The minute: Unix time divided by 60 [default: the present one]
    #[arg(long, value_name = "MINUTE")]
    pub minute: Option<u64>,
    /// The most the leaves may be paid in all [default: what they add to their sessions now]
    #[arg(long, value_name = "MICRO_USDC")]
    pub total: Option<u64>,
}

impl Post {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let leaves = documents::leaves(&self.file.leaves)?;
        let payer = context.signer()?;
        let keeper_key = keys::read(&self.keeper_key)?;
        let found = with_book(rpc, &keeper_key.pubkey()).await?;
        let minute = match self.minute {
            Some(minute) => minute,
            None => minute_index(chain::unix_secs(rpc).await?.unsigned_abs()),
        };
        let total = match self.total {
            Some(total) => total,
            None => owed(context, &leaves).await?,
        };
        if total == 0 {
            return Err(usage("these leaves add nothing to what their sessions have settled"));
        }
        let root = batch::root(&leaves);
        let args = PostBatchArgs {
            minute_index: minute,
            root,
            count: leaves.len() as u32,
            total_micro_usdc: total,
        };
        let instruction = post_batch(keeper_key.pubkey(), found.address, args);
        let signature = context.send(&payer, &[&keeper_key], &[instruction]).await?;
        let after = with_book(rpc, &keeper_key.pubkey()).await?;
        let exposure = after.book.exposure_micro_usdc;
        let document = json!({
            "keeper_key": keeper_key.pubkey().to_string(),
            "minute_index": minute,
            "root": hex::encode(root),
            "leaves": leaves.len(),
            "total_micro_usdc": total,
            "exposure_micro_usdc": exposure,
            "chain": hex::encode(after.book.chain),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("posted", format!("minute {minute}, {} leaves", leaves.len())),
            ("root", hex::encode(root)),
            ("total", usdc(total)),
            ("exposure", format!("{}, of a bond of {}", usdc(exposure), usdc(after.keeper.stake))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}

/// What leaves ask for beyond what their sessions have settled; micro-USDC.
async fn owed(context: &Context, leaves: &[batch::Leaf]) -> Result<u64> {
    let mut sum = 0u64;
    for leaf in leaves {
        let address = Pubkey::new_from_array(leaf.session);
        let session: Session = account::get(&context.rpc, &address).await?;
        let more = leaf.cumulative_micro_usdc.saturating_sub(session.totals.settled_micro_usdc);
        sum = sum.checked_add(more).ok_or_else(|| usage("the leaves ask for too much"))?;
    }
    Ok(sum)
}
