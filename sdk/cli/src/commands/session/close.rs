//! `heliograph session close`.

use crate::chain;
use crate::commands::app::AppId;
use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::settlement::close_session;
use heliograph_client::{account, pda};
use heliograph_settlement::state::Session;
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Instructions of one transaction: eight addresses each, most of them shared.
const SESSIONS_PER_TRANSACTION: usize = 5;

/// Close sessions that nobody needs any more; their rent comes back
#[derive(Debug, Args)]
#[command(
    long_about = "Close sessions whose vouchers can no longer be redeemed and whose leaves in \
    settlers' batches can no longer be disputed; their rent goes back to who paid it. Without \
    arguments, every such session of the app.",
    after_long_help = "EXAMPLES\n  heliograph session close\n  heliograph session close SESSION"
)]
pub struct Close {
    /// Session accounts [default: all of the app that can be closed]
    pub sessions: Vec<Pubkey>,
    #[command(flatten)]
    pub app: AppId,
}

impl Close {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let payer = context.signer()?;
        let now = chain::unix_secs(rpc).await?;
        let is_due = |session: &Session| session.check_closable(now).is_ok();
        let mut due: Vec<(Pubkey, Session)> = Vec::new();
        if self.sessions.is_empty() {
            let app = pda::app(&payer.pubkey(), self.app.id);
            due = account::all(rpc).await?;
            due.retain(|(_, session)| session.app == app && is_due(session));
        }
        for address in &self.sessions {
            let session: Session = account::get(rpc, address).await?;
            if !is_due(&session) {
                let until = session.closable_at;
                return Err(usage(format!(
                    "{address} is needed until Unix time {until}, longer while claims of settlers \
                     are unproven"
                )));
            }
            due.push((*address, session));
        }
        let mut transactions = Vec::new();
        for group in due.chunks(SESSIONS_PER_TRANSACTION) {
            let instructions: Vec<_> = group
                .iter()
                .map(|(address, s)| close_session(*address, s.channel, s.rent_payer))
                .collect();
            transactions.push(context.send(&payer, &[], &instructions).await?.to_string());
        }
        let closed: Vec<String> = due.iter().map(|(address, _)| address.to_string()).collect();
        let text = match closed.as_slice() {
            [] => "no session can be closed".to_owned(),
            closed => format!("closed\n{}", closed.join("\n")),
        };
        Outcome::new(&json!({ "closed": closed, "transactions": transactions }), text)
    }
}
