//! `heliograph keeper update`.

use super::Which;
use crate::chain::{self, role_name, token_place};
use crate::commands::check_endpoint;
use crate::context::Context;
use crate::exit::usage;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::update_keeper;
use heliograph_client::instruction::token::create_token_account;
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Replace a keeper's endpoint or payout account
#[derive(Debug, Args)]
#[command(
    long_about = "Replace a keeper's endpoint or payout account; what is not named stays. --keypair \
    is the keeper's owner.",
    after_long_help = "EXAMPLE\n  \
    heliograph keeper update settler.json --endpoint https://new.example"
)]
pub struct Update {
    #[command(flatten)]
    pub which: Which,
    /// Who is paid: a wallet, whose USDC account is created if needed, or a token account
    #[arg(long, value_name = "ADDRESS")]
    pub payout: Option<Pubkey>,
    /// URL where batches or samples are served
    #[arg(long, value_name = "URL")]
    pub endpoint: Option<String>,
}

impl Update {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let key = self.which.keeper_key.pubkey()?;
        let role = self.which.role.map(Into::into);
        let owner = context.signer()?;
        let network = context.network().await?;
        let (address, keeper) = chain::keeper(&context.rpc, &key, role).await?;
        let mut instructions = Vec::new();
        let mut payout = keeper.payout;
        if let Some(wanted) = &self.payout {
            let place = token_place(&context.rpc, wanted, &network.payment_mint).await?;
            payout = place.account;
            if let Some(wallet) = place.create_for {
                let mint = network.payment_mint;
                instructions.push(create_token_account(&owner.pubkey(), &wallet, &mint));
            }
        }
        let endpoint = self.endpoint.unwrap_or_else(|| keeper.endpoint.clone());
        check_endpoint(&endpoint)?;
        if payout == keeper.payout && endpoint == keeper.endpoint {
            return Err(usage("nothing would change: name --endpoint or --payout"));
        }
        instructions.push(update_keeper(owner.pubkey(), address, payout, endpoint.clone()));
        let signature = context.send(&owner, &[], &instructions).await?;
        let document = json!({
            "change": "updated",
            "role": role_name(keeper.role),
            "keeper_key": key.to_string(),
            "keeper": address.to_string(),
            "payout": payout.to_string(),
            "endpoint": endpoint,
            "transaction": signature.to_string(),
        });
        let text = fields([
            (role_name(keeper.role), format!("{key} updated")),
            ("endpoint", endpoint),
            ("payout", payout.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
