//! `heliograph challenge close`.

use crate::chain;
use crate::context::Context;
use crate::duration::duration;
use crate::exit::{Exit, usage};
use crate::output::Outcome;
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::close_challenge;
use heliograph_settlement::state::{Challenge, ChallengeStatus};
use serde_json::json;
use solana_pubkey::Pubkey;

/// Close a failed challenge that no case can need any more; its rent comes back
#[derive(Debug, Args)]
#[command(
    long_about = "Close a failed challenge that no case against the settler can need any more; its \
    rent goes to the challenger. Before that nothing is sent, and the command ends with 75 and says \
    how long it takes. --keypair pays the fee.",
    after_long_help = "EXAMPLE\n  heliograph challenge close CHALLENGE"
)]
pub struct Close {
    /// The challenge account
    pub challenge: Pubkey,
}

impl Close {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let challenge: Challenge = account::get(rpc, &self.challenge).await?;
        if challenge.status != ChallengeStatus::Failed {
            return Err(usage("the challenge is open: it is answered, or fails, before it closes"));
        }
        let now = chain::unix_secs(rpc).await?;
        let evidence_until = challenge.failed_at.saturating_add(challenge.liability_secs);
        let wait = evidence_until.saturating_sub(now).saturating_add(1);
        if let Ok(wait) = u64::try_from(wait)
            && wait > 0
        {
            let document = json!({
                "challenge": self.challenge.to_string(),
                "closed": false,
                "wait_secs": wait,
            });
            let text = format!("it is evidence for another {}: nothing was sent", duration(wait));
            return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
        }
        let payer = context.signer()?;
        let instruction = close_challenge((self.challenge, &challenge));
        let signature = context.send(&payer, &[], &[instruction]).await?;
        let document = json!({
            "challenge": self.challenge.to_string(),
            "closed": true,
            "rent_to": challenge.challenger.to_string(),
            "transaction": signature.to_string(),
        });
        let address = self.challenge;
        Outcome::new(&document, format!("closed {address}\ntransaction {signature}"))
    }
}
