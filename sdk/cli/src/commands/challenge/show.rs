//! `heliograph challenge show`.

use super::status_name;
use crate::amount::usdc;
use crate::chain;
use crate::context::Context;
use crate::duration::until;
use crate::output::{Outcome, fields, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_settlement::state::{Challenge, ChallengeStatus};
use serde::Serialize;
use solana_pubkey::Pubkey;

/// Show one challenge, or all
#[derive(Debug, Args)]
#[command(
    long_about = "Show one challenge, or all that are open or have failed; an answered one is \
    closed at once. Needs no key.",
    after_long_help = "EXAMPLES\n  heliograph challenge show\n  heliograph challenge show CHALLENGE --json"
)]
pub struct Show {
    /// The challenge account [default: all]
    pub challenge: Option<Pubkey>,
}

/// A challenge's account.
#[derive(Debug, Serialize)]
struct View {
    challenge: String,
    status: &'static str,
    book: String,
    keeper: String,
    minute_index: u64,
    index: u32,
    challenger: String,
    bond_micro_usdc: u64,
    deadline_unix_secs: i64,
    failed_at_unix_secs: Option<i64>,
    batch_claimed_micro_usdc: u64,
}

impl View {
    fn new(address: &Pubkey, challenge: &Challenge) -> Self {
        let failed = challenge.status == ChallengeStatus::Failed;
        Self {
            challenge: address.to_string(),
            status: status_name(challenge.status),
            book: challenge.book.to_string(),
            keeper: challenge.keeper.to_string(),
            minute_index: challenge.minute_index,
            index: challenge.index,
            challenger: challenge.challenger.to_string(),
            bond_micro_usdc: challenge.bond_micro_usdc,
            deadline_unix_secs: challenge.deadline,
            failed_at_unix_secs: failed.then_some(challenge.failed_at),
            batch_claimed_micro_usdc: challenge.claimed_micro_usdc,
        }
    }

    fn state(&self, now: i64) -> String {
        match self.failed_at_unix_secs {
            Some(at) => format!("failed at Unix time {at}"),
            None => format!("open, can fail {}", until(self.deadline_unix_secs, now)),
        }
    }
}

impl Show {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let now = chain::unix_secs(rpc).await?;
        if let Some(address) = self.challenge {
            let view = View::new(&address, &account::get(rpc, &address).await?);
            let text = fields([
                ("challenge", view.challenge.clone()),
                ("state", view.state(now)),
                ("leaf", format!("{} of minute {}", view.index, view.minute_index)),
                ("book", view.book.clone()),
                ("settler", view.keeper.clone()),
                ("challenger", view.challenger.clone()),
                ("bond", usdc(view.bond_micro_usdc)),
            ]);
            return Outcome::new(&view, text);
        }
        let mut all: Vec<(Pubkey, Challenge)> = account::all(rpc).await?;
        all.sort_by_key(|(_, challenge)| (challenge.opened_at, challenge.index));
        let views: Vec<View> = all.iter().map(|(a, challenge)| View::new(a, challenge)).collect();
        if views.is_empty() {
            return Outcome::new(&views, "there are no challenges");
        }
        let rows = views.iter().map(|view| {
            [
                view.challenge.clone(),
                view.state(now),
                view.minute_index.to_string(),
                view.index.to_string(),
                view.keeper.clone(),
            ]
        });
        let headings = ["challenge", "state", ">minute", ">leaf", "settler's account"];
        Outcome::new(&views, table(&headings, rows))
    }
}
