//! `heliograph app deposit`.

use super::AppId;
use crate::amount::{Decimal, usdc};
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::settlement;
use heliograph_client::pda;
use serde_json::json;
use solana_signer::Signer;

/// Put USDC into the escrow
#[derive(Debug, Args)]
#[command(
    long_about = "Put USDC into the escrow, from the wallet's standard token account.",
    after_long_help = "EXAMPLE\n  heliograph app deposit 5"
)]
pub struct Deposit {
    /// USDC, such as 5 or 0.25
    pub amount: Decimal,
    #[command(flatten)]
    pub app: AppId,
}

impl Deposit {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let amount = self.amount.to_micro_usdc().map_err(|error| usage(error.to_string()))?;
        let authority = context.signer()?;
        let mint = context.network().await?.payment_mint;
        let (app, _) = chain::app(rpc, &authority.pubkey(), self.app.id).await?;
        chain::escrow(rpc, &app).await?;
        let source = pda::token_account(&authority.pubkey(), &mint);
        let held = rpc.token_balance(&source).await?.unwrap_or(0);
        if held < amount {
            return Err(usage(format!("{source} holds {} of mint {mint}", usdc(held))));
        }
        let instruction = settlement::deposit(authority.pubkey(), app, mint, source, amount);
        let signature = context.send(&authority, &[], &[instruction]).await?;
        let escrow = chain::escrow(rpc, &app).await?;
        let available = escrow.available_micro_usdc()?;
        let document = json!({
            "app": app.to_string(),
            "deposited_micro_usdc": amount,
            "available_micro_usdc": available,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("deposited", usdc(amount)),
            ("available", usdc(available)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
