//! `heliograph stake add-rewards`.

use super::position;
use crate::amount::{Decimal, usdc};
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::{staking, token};
use heliograph_client::pda;
use serde_json::json;
use solana_signer::Signer;

/// Divide USDC among a node's delegators
#[derive(Debug, Args)]
#[command(
    long_about = "Divide USDC among a node's delegators, by their shares. Comes from the standard \
    token account of --keypair; anybody can, most often it is the operator. What is given cannot be \
    taken back.",
    after_long_help = "EXAMPLE\n  heliograph stake add-rewards NODE_KEY 12.5"
)]
pub struct AddRewards {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// USDC, such as 12.5
    pub amount: Decimal,
}

impl AddRewards {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let amount = self.amount.to_micro_usdc().map_err(|error| usage(error.to_string()))?;
        let funder = context.signer()?;
        let key = funder.pubkey();
        let mint = context.network().await?.payment_mint;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let (address, position) = position(rpc, &node).await?;
        if position.delegated_shares == position.undelegating_shares {
            return Err(usage("nobody has delegated to this node: nobody would get anything"));
        }
        let source = pda::token_account(&key, &mint);
        let held = rpc.token_balance(&source).await?.unwrap_or(0);
        if held < amount {
            return Err(usage(format!("{source} holds {} of mint {mint}", usdc(held))));
        }
        // The position's token account: whoever comes first pays its rent.
        let instructions = [
            token::create_token_account(&key, &address, &mint),
            staking::add_rewards(key, node, mint, source, amount),
        ];
        let signature = context.send(&funder, &[], &instructions).await?;
        let shares = position.delegated_shares - position.undelegating_shares;
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "added_micro_usdc": amount,
            "earning_shares": shares,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("added", format!("{}, for {shares} shares", usdc(amount))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
