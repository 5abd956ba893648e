//! `heliograph case show`.

use super::{kind_name, status_name};
use crate::amount::format_units;
use crate::chain;
use crate::context::Context;
use crate::duration::until;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_slashing::state::{Case, CaseStatus};
use serde::Serialize;
use solana_pubkey::Pubkey;

/// Show one case, or all
#[derive(Debug, Args)]
#[command(
    long_about = "Show one case, or all that are open or not closed yet. Needs no key.",
    after_long_help = "EXAMPLES\n  heliograph case show\n  heliograph case show CASE --json"
)]
pub struct Show {
    /// The case account [default: all]
    pub case: Option<Pubkey>,
}

/// A case's account.
#[derive(Debug, Serialize)]
struct View {
    case: String,
    kind: &'static str,
    status: &'static str,
    subject: String,
    reporter: String,
    evidence: String,
    bad_epochs: Vec<u64>,
    opened_unix_secs: i64,
    restorable_unix_secs: i64,
    decidable_unix_secs: i64,
    decided_unix_secs: Option<i64>,
    bond_lamports: u64,
    mint: String,
    penalty_units: u64,
    held_units: u64,
    restored_micro_usdc: u64,
}

impl View {
    fn new(address: &Pubkey, case: &Case) -> Self {
        let decided = case.status != CaseStatus::Open;
        Self {
            case: address.to_string(),
            kind: kind_name(case.kind),
            status: status_name(case.status),
            subject: case.subject.to_string(),
            reporter: case.reporter.to_string(),
            evidence: case.evidence.to_string(),
            bad_epochs: case.epochs.iter().map(|bad| bad.epoch).collect(),
            opened_unix_secs: case.opened_at,
            restorable_unix_secs: case.restorable_at,
            decidable_unix_secs: case.decidable_at,
            decided_unix_secs: decided.then_some(case.decided_at),
            bond_lamports: case.bond_lamports,
            mint: case.mint.to_string(),
            penalty_units: case.penalty,
            held_units: case.held,
            restored_micro_usdc: case.restored_micro_usdc,
        }
    }

    fn state(&self, now: i64) -> String {
        match self.decided_unix_secs {
            Some(at) => format!("{} at Unix time {at}", self.status),
            None => format!("open, can be decided {}", until(self.decidable_unix_secs, now)),
        }
    }
}

impl Show {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let now = chain::unix_secs(rpc).await?;
        if let Some(address) = self.case {
            let case: Case = account::get(rpc, &address).await?;
            let decimals = chain::decimals(rpc, &case.mint).await?;
            let view = View::new(&address, &case);
            let text = fields([
                ("case", view.case.clone()),
                ("of", view.kind.to_owned()),
                ("state", view.state(now)),
                ("against", view.subject.clone()),
                ("by", view.reporter.clone()),
                ("evidence", view.evidence.clone()),
                ("bond", format!("{} SOL", format_units(view.bond_lamports, 9))),
                ("penalty", format_units(view.penalty_units, decimals)),
                ("held", format_units(view.held_units, decimals)),
            ]);
            return Outcome::new(&view, text);
        }
        let mut all: Vec<(Pubkey, Case)> = account::all(rpc).await?;
        all.sort_by_key(|(_, case)| case.opened_at);
        let views: Vec<View> = all.iter().map(|(a, case)| View::new(a, case)).collect();
        if views.is_empty() {
            return Outcome::new(&views, "there are no cases");
        }
        let rows = views.iter().map(|view| {
            [view.case.clone(), view.kind.to_owned(), view.state(now), view.subject.clone()]
        });
        Outcome::new(&views, table(&["case", "of", "state", "against"], rows))
    }
}
