//! `heliograph case refute`.

use super::{check_open, status_name};
use crate::context::Context;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::slashing::refute_epoch;
use heliograph_slashing::state::Case;
use serde_json::json;
use solana_pubkey::Pubkey;

/// Strike an epoch off a charge of downtime
#[derive(Debug, Args)]
#[command(
    long_about = "Strike an epoch off a charge of downtime: observers of it have been convicted of \
    fraud, and without them it has no quorum. A case with too few epochs left is dismissed.",
    after_long_help = "EXAMPLE\n  heliograph case refute CASE 1795348800 --fraud FRAUD_CASE"
)]
pub struct Refute {
    /// The case account
    pub case: Pubkey,
    /// The epoch, by the Unix time at which it began
    pub epoch: u64,
    /// A case of fraud in this epoch that ended with a conviction; repeatable
    #[arg(long, value_name = "CASE", required = true)]
    pub fraud: Vec<Pubkey>,
}

impl Refute {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let case: Case = account::get(rpc, &self.case).await?;
        check_open(&case)?;
        let payer = context.signer()?;
        let instruction = refute_epoch((self.case, &case), self.epoch, &self.fraud);
        let signature = context.send(&payer, &[], &[instruction]).await?;
        let after: Case = account::get(rpc, &self.case).await?;
        let document = json!({
            "case": self.case.to_string(),
            "status": status_name(after.status),
            "epochs_left": after.epochs.len(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("case", self.case.to_string()),
            ("now", status_name(after.status).to_owned()),
            ("bad epochs left", after.epochs.len().to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
