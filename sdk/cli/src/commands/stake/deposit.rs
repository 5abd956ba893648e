//! `heliograph stake deposit`.

use crate::amount::{Decimal, format_units};
use crate::chain::{self, Role};
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

/// Bond tokens behind a node or keeper
#[derive(Debug, Args)]
#[command(
    long_about = "Bond tokens behind a node or keeper, from its owner's standard token account: of \
    the stake mint for nodes and observers, USDC for settlers. The position is opened when there is \
    none.",
    after_long_help = "EXAMPLES\n  \
    heliograph stake deposit node.json 1000.5\n  \
    heliograph stake deposit settler.json 1000"
)]
pub struct Deposit {
    /// The key of the node or keeper: base58, or its keypair file
    pub key: KeyRef,
    /// Whole tokens, such as 1000.5
    pub amount: Decimal,
    /// The role, where the key is registered in several
    #[arg(long, value_enum)]
    pub role: Option<Role>,
}

impl Deposit {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let owner = context.signer()?;
        let network = context.network().await?;
        let key = self.key.pubkey()?;
        let staked = chain::staked(rpc, &network, &key, self.role).await?;
        let (mint, decimals) = (staked.mint, staked.decimals);
        let amount = self.amount.to_units(decimals).map_err(|error| usage(error.to_string()))?;
        let source = pda::token_account(&owner.pubkey(), &mint);
        let held = rpc.token_balance(&source).await?.unwrap_or(0);
        if held < amount {
            let held = format_units(held, decimals);
            return Err(usage(format!(
                "{source} holds {held} of what a {} stakes, {mint}",
                staked.role.name()
            )));
        }
        let position_address = pda::position(&staked.address);
        let position: Option<Position> = account::find(rpc, &position_address).await?;
        let mut instructions = Vec::new();
        if position.is_none() {
            instructions.push(staking::open_position(owner.pubkey(), staked.address, mint));
        }
        let (owner_key, subject) = (owner.pubkey(), staked.address);
        instructions.push(staking::deposit(owner_key, subject, mint, source, amount));
        let signature = context.send(&owner, &[], &instructions).await?;
        let position: Position = account::get(rpc, &position_address).await?;
        let document = json!({
            "role": staked.role.name(),
            "key": key.to_string(),
            "position": position_address.to_string(),
            "mint": mint.to_string(),
            "deposited": amount,
            "bonded": position.bonded,
            "stake_min": staked.minimum,
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let minimum = format_units(staked.minimum, decimals);
        let text = fields([
            ("deposited", format_units(amount, decimals)),
            ("bonded", format!("{} (minimum {minimum})", format_units(position.bonded, decimals))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
