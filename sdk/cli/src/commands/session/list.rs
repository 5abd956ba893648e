//! `heliograph session list`.

use crate::amount::format_units;
use crate::chain;
use crate::commands::app::AppId;
use crate::context::Context;
use crate::output::{Outcome, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::{account, pda};
use heliograph_settlement::state::Session;
use serde::Serialize;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// List the app's sessions
#[derive(Debug, Args)]
#[command(
    long_about = "List the app's sessions: open, ended (its vouchers can still be redeemed), and \
    closable (`heliograph session close` gets the rent back).",
    after_long_help = "EXAMPLE\n  heliograph session list --json"
)]
pub struct List {
    #[command(flatten)]
    pub app: AppId,
    /// The wallet that owns the app [default: that of --keypair]
    #[arg(long, value_name = "PUBKEY")]
    pub authority: Option<Pubkey>,
}

#[derive(Debug, Serialize)]
struct Row {
    session: String,
    node: String,
    state: &'static str,
    cap_micro_usdc: u64,
    paid_micro_usdc: u64,
    opened_at_unix_secs: i64,
    expires_at_unix_secs: i64,
    redeemable_until_unix_secs: i64,
}

/// Where a session is in its life at `now`.
pub fn state(session: &Session, now: i64) -> &'static str {
    if session.expires_at > now {
        "open"
    } else if session.redeemable_until >= now {
        "ended"
    } else if session.closable_at >= now {
        "over"
    } else {
        "closable"
    }
}

impl List {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let authority = match self.authority {
            Some(authority) => authority,
            None => context.signer()?.pubkey(),
        };
        let app = pda::app(&authority, self.app.id);
        let now = chain::unix_secs(&context.rpc).await?;
        let mut sessions: Vec<(Pubkey, Session)> = account::all(&context.rpc).await?;
        sessions.retain(|(_, session)| session.app == app);
        sessions.sort_by_key(|(address, session)| (session.opened_at, *address));
        let rows: Vec<Row> = sessions
            .iter()
            .map(|(address, session)| Row {
                session: address.to_string(),
                node: session.node.to_string(),
                state: state(session, now),
                cap_micro_usdc: session.cap_micro_usdc,
                paid_micro_usdc: session.totals.paid_micro_usdc,
                opened_at_unix_secs: session.opened_at,
                expires_at_unix_secs: session.expires_at,
                redeemable_until_unix_secs: session.redeemable_until,
            })
            .collect();
        if rows.is_empty() {
            return Outcome::new(&rows, "the app has no sessions");
        }
        let headings = ["session", "state", ">paid USDC", ">cap USDC", ">expires in s", "node"];
        let text = rows.iter().map(|row| {
            vec![
                row.session.clone(),
                row.state.to_owned(),
                format_units(row.paid_micro_usdc, 6),
                format_units(row.cap_micro_usdc, 6),
                (row.expires_at_unix_secs - now).to_string(),
                row.node.clone(),
            ]
        });
        Outcome::new(&rows, table(&headings, text))
    }
}
