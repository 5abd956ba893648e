//! `heliograph voucher show`.

use super::{read, settles};
use crate::amount::usdc;
use crate::context::Context;
use crate::documents::VoucherSource;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use serde_json::json;
use solana_pubkey::Pubkey;

/// Show what a voucher says, and whether it would be paid
#[derive(Debug, Args)]
#[command(
    long_about = "Show what a voucher says, and whether it would be paid now. Needs no key and \
    sends nothing.",
    after_long_help = "EXAMPLE\n  heliograph voucher show archive/vouchers/3f/3f2d… --json"
)]
pub struct Show {
    #[command(flatten)]
    pub source: VoucherSource,
}

impl Show {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let signed = self.source.read().await?;
        let network = context.network().await?;
        let read = read(context, &network, &signed).await?;
        let settles = settles(context, &read, &signed).await?;
        let (message, session) = (&read.message, &read.session);
        let signer = Pubkey::new_from_array(signed.public_key).to_string();
        let document = json!({
            "hash": hex::encode(signed.hash()),
            "signer": signer,
            "session": read.address.to_string(),
            "sequence": message.sequence,
            "cumulative_micro_usdc": message.cumulative_micro_usdc,
            "receipt_hash": hex::encode(message.receipt_hash),
            "session_settled_micro_usdc": session.totals.settled_micro_usdc,
            "session_proven_micro_usdc": session.proven_micro_usdc,
            "settles_micro_usdc": settles.as_ref().ok(),
            "refusal": settles.as_ref().err(),
        });
        let text = fields([
            ("voucher", hex::encode(signed.hash())),
            ("signer", signer),
            ("session", read.address.to_string()),
            (
                "promises",
                format!(
                    "{}, for receipts up to number {}",
                    usdc(message.cumulative_micro_usdc),
                    message.sequence
                ),
            ),
            ("settled so far", usdc(session.totals.settled_micro_usdc)),
            (
                "would settle",
                match settles {
                    Ok(amount) => usdc(amount),
                    Err(refusal) => format!("nothing: {refusal}"),
                },
            ),
        ]);
        Outcome::new(&document, text)
    }
}
