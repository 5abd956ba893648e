//! `heliograph case close`.

use super::{status_name, too_early};
use crate::amount::format_units;
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::slashing::close_case;
use heliograph_slashing::state::{Case, CaseStatus};
use serde_json::json;
use solana_pubkey::Pubkey;

/// Close a decided case; rent and bond go to who is due them
#[derive(Debug, Args)]
#[command(
    long_about = "Close a decided case: the rent goes to who opened it, the bond too after a \
    conviction, and to the accused's owner after a dismissal. Anybody can; --keypair pays the fee.",
    after_long_help = "EXAMPLE\n  heliograph case close CASE"
)]
pub struct Close {
    /// The case account
    pub case: Pubkey,
}

impl Close {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let case: Case = account::get(rpc, &self.case).await?;
        if case.status == CaseStatus::Open {
            return Err(usage("the case is open: heliograph case decide"));
        }
        let now = chain::unix_secs(rpc).await?;
        if let Some(early) = too_early(&self.case, case.kept_until, now)? {
            return Ok(early);
        }
        let payer = context.signer()?;
        let signature = context.send(&payer, &[], &[close_case((self.case, &case))]).await?;
        let bond_to = if case.status == CaseStatus::Guilty { case.reporter } else { case.owner };
        let document = json!({
            "case": self.case.to_string(),
            "status": status_name(case.status),
            "bond_lamports": case.bond_lamports,
            "bond_to": bond_to.to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("closed", self.case.to_string()),
            ("bond", format!("{} SOL, to {bond_to}", format_units(case.bond_lamports, 9))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
