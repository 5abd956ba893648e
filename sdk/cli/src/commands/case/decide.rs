//! `heliograph case decide`.

use super::{check_open, kind_name, too_early};
use crate::chain;
use crate::context::Context;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::slashing::decide_case;
use heliograph_client::instruction::token::create_token_account;
use heliograph_client::pda::{self, SLASHING};
use heliograph_slashing::state::{Case, Record};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Carry a case out: penalty, payments, jail
#[derive(Debug, Args)]
#[command(
    long_about = "Carry a case out: the penalty is taken from the accused's stake and divided, the \
    accused jailed, what else was held let go. Of a settler's bond apps come first: `heliograph case \
    restore`. Before its time nothing is sent, and the command ends with 75 and says how long it takes.",
    after_long_help = "EXAMPLE\n  heliograph case decide CASE"
)]
pub struct Decide {
    /// The case account
    pub case: Pubkey,
}

impl Decide {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let network = context.network().await?;
        let case: Case = account::get(rpc, &self.case).await?;
        check_open(&case)?;
        let now = chain::unix_secs(rpc).await?;
        if let Some(early) = too_early(&self.case, case.decidable_at, now)? {
            return Ok(early);
        }
        let payer = context.signer()?;
        let pot = create_token_account(&payer.pubkey(), &pda::restorer(&SLASHING), &case.mint);
        let decide = decide_case(&network, (self.case, &case));
        let signature = context.send(&payer, &[], &[pot, decide]).await?;
        let record: Record = account::get(rpc, &pda::record(&case.subject)).await?;
        let penalty = case.penalty.min(case.held);
        let decimals = chain::decimals(rpc, &case.mint).await?;
        let convictions = record.of(case.kind.into()).convictions;
        let document = json!({
            "case": self.case.to_string(),
            "status": "guilty",
            "kind": kind_name(case.kind),
            "subject": case.subject.to_string(),
            "penalty_units": penalty,
            "convictions": convictions,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("guilty", case.subject.to_string()),
            ("of", kind_name(case.kind).to_owned()),
            ("penalty", crate::amount::format_units(penalty, decimals)),
            ("convictions", convictions.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
