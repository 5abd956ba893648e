//! `heliograph stake deposit`.

use crate::amount::{Decimal, format_units};
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::staking;
use heliograph_client::{account, pda};
use heliograph_staking::state::Position;
use serde_json::json;
use solana_signer::Signer;

/// Bond tokens behind a node
#[derive(Debug, Args)]
#[command(
    long_about = "Bond tokens behind a node, from the operator's standard token account. The \
    position is opened when there is none.",
    after_long_help = "EXAMPLE\n  heliograph stake deposit node.json 1000.5"
)]
pub struct Deposit {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Whole tokens, such as 1000.5
    pub amount: Decimal,
}

impl Deposit {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let owner = context.signer()?;
        let network = context.network().await?;
        let mint = network.stake_mint;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let decimals = chain::decimals(rpc, &mint).await?;
        let amount = self.amount.to_units(decimals).map_err(|error| usage(error.to_string()))?;
        let source = pda::token_account(&owner.pubkey(), &mint);
        let held = rpc.token_balance(&source).await?.unwrap_or(0);
        if held < amount {
            let held = format_units(held, decimals);
            return Err(usage(format!("{source} holds {held} of the stake mint {mint}")));
        }
        let position_address = pda::position(&node);
        let position: Option<Position> = account::find(rpc, &position_address).await?;
        let mut instructions = Vec::new();
        if position.is_none() {
            instructions.push(staking::open_position(owner.pubkey(), node, mint));
        }
        instructions.push(staking::deposit(owner.pubkey(), node, mint, source, amount));
        let signature = context.send(&owner, &[], &instructions).await?;
        let position: Position = account::get(rpc, &position_address).await?;
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "position": position_address.to_string(),
            "deposited": amount,
            "bonded": position.bonded,
            "stake_min": network.params.node_stake_min,
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let minimum = format_units(network.params.node_stake_min, decimals);
        let text = fields([
            ("deposited", format_units(amount, decimals)),
            ("bonded", format!("{} (minimum {minimum})", format_units(position.bonded, decimals))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
