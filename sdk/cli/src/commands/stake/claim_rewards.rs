//! `heliograph stake claim-rewards`.

use super::{claimable, delegated, position};
use crate::amount::usdc;
use crate::chain::{self, token_place};
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::{staking, token};
use serde_json::json;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Pay out a delegation's rewards
#[derive(Debug, Args)]
#[command(
    long_about = "Pay out, in USDC, what a delegation has earned. --keypair is the delegator.",
    after_long_help = "EXAMPLE\n  heliograph stake claim-rewards NODE_KEY"
)]
pub struct ClaimRewards {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Where the USDC goes: a wallet or a token account [default: the delegator's]
    #[arg(long, value_name = "ADDRESS")]
    pub to: Option<Pubkey>,
}

impl ClaimRewards {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let delegator = context.signer()?;
        let key = delegator.pubkey();
        let mint = context.network().await?.payment_mint;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let (position_address, position) = position(rpc, &node).await?;
        let (_, delegation) = delegated(rpc, &position_address, &key).await?;
        if claimable(&delegation, &position)? == 0 {
            return Err(usage("the delegation has earned nothing since the last claim"));
        }
        let place = token_place(rpc, &self.to.unwrap_or(key), &mint).await?;
        let mut instructions = Vec::new();
        if let Some(wallet) = place.create_for {
            instructions.push(token::create_token_account(&key, &wallet, &mint));
        }
        instructions.push(staking::claim_rewards(key, node, mint, place.account));
        let before = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let signature = context.send(&delegator, &[], &instructions).await?;
        let after = rpc.token_balance(&place.account).await?.unwrap_or(0);
        let claimed = after.saturating_sub(before);
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "claimed_micro_usdc": claimed,
            "to": place.account.to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("claimed", usdc(claimed)),
            ("to", place.account.to_string()),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
