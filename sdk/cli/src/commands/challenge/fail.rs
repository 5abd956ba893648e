//! `heliograph challenge fail`.

use crate::amount::usdc;
use crate::chain;
use crate::context::Context;
use crate::duration::duration;
use crate::exit::{Exit, usage};
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::settlement::fail_challenge;
use heliograph_settlement::state::{Challenge, ChallengeStatus};
use serde_json::json;
use solana_pubkey::Pubkey;

/// Say that a challenge was not answered in time
#[derive(Debug, Args)]
#[command(
    long_about = "Say that a challenge was not answered in time: the bond goes back to the \
    challenger, and everything the settler has posted so far is void. Anybody can; --keypair pays the \
    fee. Before the deadline nothing is sent, and the command ends with 75 and says how long it takes.",
    after_long_help = "EXAMPLE\n  heliograph challenge fail CHALLENGE"
)]
pub struct Fail {
    /// The challenge account
    pub challenge: Pubkey,
}

impl Fail {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let challenge: Challenge = account::get(rpc, &self.challenge).await?;
        if challenge.status != ChallengeStatus::Open {
            return Err(usage("the challenge has failed already"));
        }
        let now = chain::unix_secs(rpc).await?;
        let wait = challenge.deadline.saturating_sub(now).saturating_add(1);
        if let Ok(wait) = u64::try_from(wait)
            && wait > 0
        {
            let document = json!({
                "challenge": self.challenge.to_string(),
                "failed": false,
                "wait_secs": wait,
            });
            let text =
                format!("the settler has another {} to answer: nothing was sent", duration(wait));
            return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
        }
        let payer = context.signer()?;
        let instruction = fail_challenge((self.challenge, &challenge));
        let signature = context.send(&payer, &[], &[instruction]).await?;
        let after: Challenge = account::get(rpc, &self.challenge).await?;
        let document = json!({
            "challenge": self.challenge.to_string(),
            "failed": true,
            "refund": challenge.refund.to_string(),
            "bond_micro_usdc": challenge.bond_micro_usdc,
            "batch_claimed_micro_usdc": after.claimed_micro_usdc,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("failed", self.challenge.to_string()),
            ("bond", format!("{}, back to {}", usdc(challenge.bond_micro_usdc), challenge.refund)),
            ("the batch had paid", usdc(after.claimed_micro_usdc)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
