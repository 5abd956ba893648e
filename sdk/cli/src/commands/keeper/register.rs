//! `heliograph keeper register`.

use super::KeeperRole;
use crate::chain::{TokenPlace, role_name, token_place};
use crate::commands::check_endpoint;
use crate::context::Context;
use crate::exit::usage;
use crate::keys;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::registry::register_keeper;
use heliograph_client::instruction::token::create_token_account;
use heliograph_client::{account, pda};
use heliograph_registry::state::Keeper;
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::path::PathBuf;

/// Register an observer or a settler
#[derive(Debug, Args)]
#[command(
    long_about = "Register an observer or a settler.\n\n\
    The owner (--keypair) owns the keeper and pays its rent. The keeper key signs too, so its keypair \
    file is needed. The three keys must differ: owner, keeper key, and the wallet that is paid. \
    A keeper begins as pending: deposit its stake, then activate it.",
    after_long_help = "EXAMPLE\n  \
    heliograph keeper register --role observer --keeper-key observer.json --payout 9xQe… \\\n    \
      --endpoint https://observer.example"
)]
pub struct Register {
    /// What it does
    #[arg(long, value_enum)]
    pub role: KeeperRole,
    /// Keypair file of the hot key that signs what the keeper posts
    #[arg(long, value_name = "FILE")]
    pub keeper_key: PathBuf,
    /// Who is paid: a wallet, whose USDC account is created if needed, or a token account
    #[arg(long, value_name = "ADDRESS")]
    pub payout: Pubkey,
    /// URL where batches or samples are served
    #[arg(long, value_name = "URL")]
    pub endpoint: String,
}

impl Register {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        check_endpoint(&self.endpoint)?;
        let owner = context.signer()?;
        let network = context.network().await?;
        let keeper_key = keys::read(&self.keeper_key)?;
        let role = self.role.into();
        let address = pda::keeper(role, &keeper_key.pubkey());
        if account::find::<Keeper>(&context.rpc, &address).await?.is_some() {
            let key = keeper_key.pubkey();
            return Err(usage(format!(
                "{key} is registered as {} already; change it with `heliograph keeper update`",
                role_name(role)
            )));
        }
        let TokenPlace { account: payout, create_for } =
            token_place(&context.rpc, &self.payout, &network.payment_mint).await?;
        let (payer, key) = (owner.pubkey(), keeper_key.pubkey());
        let mut instructions = Vec::new();
        if let Some(wallet) = create_for {
            instructions.push(create_token_account(&payer, &wallet, &network.payment_mint));
        }
        instructions.push(register_keeper(payer, key, payout, role, self.endpoint));
        let signature = context.send(&owner, &[&keeper_key], &instructions).await?;
        let document = json!({
            "change": "registered",
            "role": role_name(role),
            "keeper_key": key.to_string(),
            "keeper": address.to_string(),
            "owner": payer.to_string(),
            "payout": payout.to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            (role_name(role), format!("{key} registered")),
            ("account", address.to_string()),
            ("payout", payout.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
