//! `heliograph session end`.

use crate::amount::usdc;
use crate::context::Context;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::end_session;
use heliograph_settlement::state::Session;
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// End a session now; its vouchers stay redeemable for the grace time
#[derive(Debug, Args)]
#[command(after_long_help = "EXAMPLE\n  heliograph session end SESSION")]
pub struct End {
    /// The session account
    pub session: Pubkey,
}

impl End {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let authority = context.signer()?;
        let session: Session = account::get(&context.rpc, &self.session).await?;
        let instruction = end_session(authority.pubkey(), session.app, self.session);
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let session: Session = account::get(&context.rpc, &self.session).await?;
        let document = json!({
            "session": self.session.to_string(),
            "paid_micro_usdc": session.totals.paid_micro_usdc,
            "expires_at_unix_secs": session.expires_at,
            "redeemable_until_unix_secs": session.redeemable_until,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("session", format!("{} ended", self.session)),
            ("paid so far", usdc(session.totals.paid_micro_usdc)),
            ("redeemable until", format!("Unix time {}", session.redeemable_until)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
