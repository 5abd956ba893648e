//! `heliograph app withdraw`.

use super::AppId;
use crate::amount::{Decimal, usdc};
use crate::chain::{self, token_place};
use crate::context::Context;
use crate::exit::{Exit, usage};
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::{settlement, token};
use heliograph_settlement::state::Escrow;
use serde_json::json;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Ask for USDC back, and carry the withdrawal out once its notice is over
#[derive(Debug, Args)]
#[command(
    long_about = "Ask for USDC back, and carry the withdrawal out once its notice is over.\n\n\
    The first call gives notice, which leaves nodes the time to redeem what they are owed. Called \
    again when the notice is over, it pays out. Called before, it says when that is and ends with 75.",
    after_long_help = "EXAMPLES\n  \
    heliograph app withdraw 2.5      # gives notice\n  \
    heliograph app withdraw          # pays out, or says when\n  \
    heliograph app withdraw --cancel # takes the notice back"
)]
pub struct Withdraw {
    /// USDC to give notice of [default: all that is available]
    #[arg(conflicts_with = "cancel")]
    pub amount: Option<Decimal>,
    /// Take the notice back
    #[arg(long)]
    pub cancel: bool,
    /// Where the USDC goes: a wallet or a token account [default: the wallet]
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<Pubkey>,
    #[command(flatten)]
    pub app: AppId,
}

impl Withdraw {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let authority = context.signer()?;
        let (app, _) = chain::app(rpc, &authority.pubkey(), self.app.id).await?;
        let escrow = chain::escrow(rpc, &app).await?;
        let pending = escrow.pending_withdrawal_micro_usdc;
        if self.cancel {
            if pending == 0 {
                return Err(usage("no withdrawal is under notice"));
            }
            let instruction = settlement::cancel_withdrawal(authority.pubkey(), app);
            let signature = context.send(&authority, &[], &[instruction]).await?.to_string();
            let document =
                json!({ "state": "cancelled", "micro_usdc": pending, "transaction": signature });
            return Outcome::new(&document, format!("notice of {} taken back", usdc(pending)));
        }
        if pending == 0 {
            return self.request(context, &authority, app, &escrow).await;
        }
        if self.amount.is_some() {
            return Err(usage(format!(
                "{} is under notice already: leave the amount out to carry it out, or --cancel",
                usdc(pending)
            )));
        }
        let now = chain::unix_secs(rpc).await?;
        let due = escrow.withdrawal_available_at;
        if now < due {
            let document = json!({
                "state": "waiting",
                "micro_usdc": pending,
                "available_at_unix_secs": due,
            });
            let text = format!("{} is due in {} s (Unix time {due})", usdc(pending), due - now);
            return Ok(Outcome::new(&document, text)?.exiting(Exit::Retry));
        }
        self.carry_out(context, &authority, app, &escrow).await
    }

    async fn request(
        &self,
        context: &Context,
        authority: &Keypair,
        app: Pubkey,
        escrow: &Escrow,
    ) -> Result<Outcome> {
        let available = escrow.available_micro_usdc()?;
        let amount = match &self.amount {
            Some(amount) => amount.to_micro_usdc().map_err(|error| usage(error.to_string()))?,
            None => available,
        };
        if amount == 0 || amount > available {
            return Err(usage(format!("the escrow has {} available", usdc(available))));
        }
        let instruction = settlement::request_withdrawal(authority.pubkey(), app, amount);
        let signature = context.send(authority, &[], &[instruction]).await?;
        let due = chain::escrow(&context.rpc, &app).await?.withdrawal_available_at;
        let wait = due - chain::unix_secs(&context.rpc).await?;
        let document = json!({
            "state": "requested",
            "micro_usdc": amount,
            "available_at_unix_secs": due,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("under notice", usdc(amount)),
            ("due", format!("in {wait} s (Unix time {due}); then run this command again")),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }

    async fn carry_out(
        &self,
        context: &Context,
        authority: &Keypair,
        app: Pubkey,
        escrow: &Escrow,
    ) -> Result<Outcome> {
        let rpc = &context.rpc;
        let wallet = authority.pubkey();
        let mint = context.network().await?.payment_mint;
        let place = token_place(rpc, &self.to.unwrap_or(wallet), &mint).await?;
        let mut instructions = Vec::new();
        if let Some(owner) = place.create_for {
            instructions.push(token::create_token_account(&wallet, &owner, &mint));
        }
        instructions.push(settlement::withdraw(wallet, app, mint, place.account));
        let signature = context.send(authority, &[], &instructions).await?;
        let after = chain::escrow(rpc, &app).await?;
        let paid = after.withdrawn_micro_usdc.saturating_sub(escrow.withdrawn_micro_usdc);
        let document = json!({
            "state": "withdrawn",
            "requested_micro_usdc": escrow.pending_withdrawal_micro_usdc,
            "micro_usdc": paid,
            "to": place.account.to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("withdrawn", usdc(paid)),
            ("to", place.account.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
