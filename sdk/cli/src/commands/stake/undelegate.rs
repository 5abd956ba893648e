//! `heliograph stake undelegate`.

use super::{delegated, position, worth};
use crate::amount::{Decimal, format_units};
use crate::chain;
use crate::context::Context;
use crate::duration::duration;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::staking;
use heliograph_staking::state::Position;
use serde_json::json;
use solana_signer::Signer;

/// Start the cooldown of some or all of what is delegated
#[derive(Debug, Args)]
#[command(
    long_about = "Start the cooldown of some or all of what is delegated. What is on its way out \
    earns nothing and stays slashable: `heliograph stake withdraw-delegation` pays what it is worth \
    when the cooldown is over.",
    after_long_help = "EXAMPLES\n  \
    heliograph stake undelegate NODE_KEY\n  \
    heliograph stake undelegate NODE_KEY 100"
)]
pub struct Undelegate {
    /// The node key: base58, or its keypair file
    pub node_key: KeyRef,
    /// Whole tokens, at what shares are worth now [default: all of it]
    pub amount: Option<Decimal>,
}

/// The fewest shares that are worth `amount`; `None` where all of them are not.
fn shares_of(position: &Position, amount: u64) -> Option<u64> {
    let (tokens, shares) = (u128::from(position.delegated), u128::from(position.delegated_shares));
    let needed = (u128::from(amount) * shares).checked_add(tokens.checked_sub(1)?)? / tokens;
    u64::try_from(needed).ok().filter(|&needed| u128::from(needed) <= shares)
}

impl Undelegate {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let delegator = context.signer()?;
        let key = delegator.pubkey();
        let network = context.network().await?;
        let (node, registered) = chain::node(rpc, &self.node_key.pubkey()?).await?;
        let decimals = chain::decimals(rpc, &network.stake_mint).await?;
        let (position_address, position) = position(rpc, &node).await?;
        let (_, before) = delegated(rpc, &position_address, &key).await?;
        let units = |units| format_units(units, decimals);
        let shares = match &self.amount {
            Some(amount) => {
                let wanted = amount.to_units(decimals).map_err(|error| usage(error.to_string()))?;
                let shares = shares_of(&position, wanted).filter(|&shares| shares <= before.shares);
                shares.ok_or_else(|| {
                    let held = units(worth(&position, before.shares));
                    usage(format!("the delegation is worth {held} and not {amount}"))
                })?
            }
            None => before.shares,
        };
        let value = worth(&position, shares);
        let instruction = staking::undelegate(key, node, shares);
        let signature = context.send(&delegator, &[], &[instruction]).await?;
        let (_, after) = delegated(rpc, &position_address, &key).await?;
        let slots = after.undelegating.iter().filter(|slot| slot.shares > 0);
        let available_at = slots.map(|slot| slot.available_at).max().unwrap_or(0);
        let document = json!({
            "node_key": registered.node_key.to_string(),
            "undelegating_shares": shares,
            "worth": value,
            "shares_left": after.shares,
            "available_at_unix_secs": available_at,
            "decimals": decimals,
            "transaction": signature.to_string(),
        });
        let wait = duration(network.params.unbonding_secs.into());
        let text = fields([
            ("undelegating", format!("{shares} shares, now worth {}, for {wait}", units(value))),
            ("left", format!("{} shares", after.shares)),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}

#[cfg(test)]
mod tests {
    use super::shares_of;
    use heliograph_staking::state::{Position, Role, UNBONDING_SLOTS, Unbonding};

    fn pool(delegated: u64, delegated_shares: u64) -> Position {
        Position {
            version: Position::VERSION,
            bump: 0,
            vault_bump: 0,
            role: Role::Node,
            subject: Default::default(),
            owner: Default::default(),
            mint: Default::default(),
            bonded: 0,
            unbonding: [Unbonding::default(); UNBONDING_SLOTS],
            opened_at: 0,
            delegated,
            delegated_shares,
            undelegating_shares: 0,
            reward_per_share: 0,
            held: 0,
            held_delegated: 0,
            reserved: [0; 112],
        }
    }

    #[test]
    fn the_fewest_shares_that_are_worth_the_amount() {
        for (tokens, shares) in [(1_000, 1_000), (700, 1_000), (1, 1_000), (u64::MAX, u64::MAX)] {
            let position = pool(tokens, shares);
            for amount in [1, tokens / 2, tokens].into_iter().filter(|&amount| amount > 0) {
                let needed = shares_of(&position, amount).unwrap();
                assert!(super::worth(&position, needed) >= amount, "{tokens} {shares} {amount}");
                assert!(super::worth(&position, needed - 1) < amount, "{tokens} {shares} {amount}");
            }
            assert_eq!(tokens.checked_add(1).and_then(|more| shares_of(&position, more)), None);
        }
        assert_eq!(shares_of(&pool(0, 1_000), 1), None);
        assert_eq!(shares_of(&pool(0, 0), 1), None);
    }
}
