//! `heliograph case restore`.

use super::{check_open, too_early};
use crate::amount::usdc;
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::slashing::restore_claims;
use heliograph_client::instruction::token::create_token_account;
use heliograph_client::pda::{self, SLASHING};
use heliograph_settlement::state::Session;
use heliograph_slashing::state::{Case, CaseKind};
use serde::Serialize;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Give apps back what a settler on trial took without a voucher
#[derive(Debug, Args)]
#[command(
    long_about = "Give apps back what a settler on trial took from their escrows without a voucher, \
    out of its bond: every session that has its claims on record, or the one named. Before its time \
    nothing is sent, and the command ends with 75 and says how long it takes.",
    after_long_help = "EXAMPLE\n  heliograph case restore CASE"
)]
pub struct Restore {
    /// The case account
    pub case: Pubkey,
    /// The session [default: all]
    #[arg(long)]
    pub session: Option<Pubkey>,
}

#[derive(Debug, Serialize)]
struct Restored {
    session: String,
    amount_micro_usdc: u64,
    transaction: String,
}

#[derive(Debug, Serialize)]
struct Report {
    case: String,
    restored: Vec<Restored>,
    restored_micro_usdc: u64,
    held_micro_usdc: u64,
}

impl Restore {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let mut case: Case = account::get(rpc, &self.case).await?;
        check_open(&case)?;
        if case.kind != CaseKind::UnansweredChallenge {
            return Err(usage("only a settler's case has anything to restore"));
        }
        let now = chain::unix_secs(rpc).await?;
        if let Some(early) = too_early(&self.case, case.restorable_at + 1, now)? {
            return Ok(early);
        }
        let mut sessions: Vec<(Pubkey, Session)> = match self.session {
            Some(address) => vec![(address, account::get(rpc, &address).await?)],
            None => account::all(rpc).await?,
        };
        sessions.retain(|(_, session)| {
            session.restorable_micro_usdc(&case.subject, case.opened_at) > 0
        });
        sessions.sort_by_key(|(address, _)| *address);
        let payer = context.signer()?;
        let pot = create_token_account(&payer.pubkey(), &pda::restorer(&SLASHING), &case.mint);
        let mut restored = Vec::new();
        for (address, session) in &sessions {
            if case.held == 0 {
                break;
            }
            let before = case.restored_micro_usdc;
            let restore = restore_claims((self.case, &case), (*address, session));
            let signature = context.send(&payer, &[], &[pot.clone(), restore]).await?;
            case = account::get(rpc, &self.case).await?;
            restored.push(Restored {
                session: address.to_string(),
                amount_micro_usdc: case.restored_micro_usdc.saturating_sub(before),
                transaction: signature.to_string(),
            });
        }
        let report = Report {
            case: self.case.to_string(),
            restored,
            restored_micro_usdc: case.restored_micro_usdc,
            held_micro_usdc: case.held,
        };
        let rows = report
            .restored
            .iter()
            .map(|one| [one.session.clone(), usdc(one.amount_micro_usdc), one.transaction.clone()]);
        let mut text = fields([
            ("case", report.case.clone()),
            ("restored in all", usdc(report.restored_micro_usdc)),
            ("left of the bond", usdc(report.held_micro_usdc)),
        ]);
        if !report.restored.is_empty() {
            text = format!("{}\n{text}", table(&["session", ">restored", "transaction"], rows));
        }
        Outcome::new(&report, text)
    }
}
