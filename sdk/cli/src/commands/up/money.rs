//! Lamports and tokens of the embedded cluster, and who holds how much.

use super::folder::Keys;
use crate::context::Context;
use crate::output::table;
use anyhow::Result;
use heliograph_client::instruction::token::{create_token_account, mint_to};
use heliograph_client::{Rpc, account, pda};
use heliograph_registry::state::Network;
use heliograph_settlement::state::Escrow;
use serde::Serialize;
use solana_signer::Signer;

const SOL: u64 = 1_000_000_000;
/// Five programs of 650 kB cost 23 SOL of rent; while one is deployed, its bytes lie there twice.
const DEPLOYER_LAMPORTS: u64 = 100 * SOL;
/// Rent of a few accounts, and fees.
const WALLET_LAMPORTS: u64 = 10 * SOL;
/// Whole tokens of the stake mint for the operator: twice the minimum.
const OPERATOR_STAKE_TOKENS: u64 = 2_000;
/// USDC for the app's wallet.
const APP_MICRO_USDC: u64 = 100_000_000;

/// Gives everybody lamports who has less than half of what they should have.
pub async fn airdrop(rpc: &Rpc, keys: &Keys) -> Result<()> {
    for (key, lamports) in [
        (&keys.deployer, DEPLOYER_LAMPORTS),
        (&keys.operator, WALLET_LAMPORTS),
        (&keys.node, WALLET_LAMPORTS),
        (&keys.app, WALLET_LAMPORTS),
    ] {
        let address = key.pubkey();
        if rpc.balance_lamports(&address).await? < lamports / 2 {
            rpc.airdrop(&address, lamports).await?;
        }
    }
    Ok(())
}

/// Gives operator and app their tokens, once.
pub async fn mint(
    context: &Context,
    keys: &Keys,
    network: &Network,
    stake_decimals: u8,
) -> Result<()> {
    let deployer = keys.deployer.pubkey();
    let stake_units = OPERATOR_STAKE_TOKENS * 10u64.pow(stake_decimals.into());
    let mut instructions = Vec::new();
    for (mint, owner, units) in [
        (network.stake_mint, keys.operator.pubkey(), stake_units),
        (network.payment_mint, keys.app.pubkey(), APP_MICRO_USDC),
    ] {
        let account = pda::token_account(&owner, &mint);
        if context.rpc.token_balance(&account).await?.is_none() {
            instructions.push(create_token_account(&deployer, &owner, &mint));
            instructions.push(mint_to(&mint, &owner, &deployer, units)?);
        }
    }
    if !instructions.is_empty() {
        context.send(&keys.deployer, &[], &instructions).await?;
    }
    Ok(())
}

/// Micro-USDC in the places that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Balances {
    /// The operator's payout account.
    pub operator_micro_usdc: u64,
    /// The network's treasury.
    pub treasury_micro_usdc: u64,
    /// The app's escrow: what is not owed to anyone, bonds included.
    pub escrow_micro_usdc: u64,
    /// The app's wallet.
    pub app_wallet_micro_usdc: u64,
}

impl Balances {
    /// Reads them from the chain; what does not exist holds nothing.
    pub async fn read(rpc: &Rpc, network: &Network, keys: &Keys) -> Result<Self> {
        let mint = network.payment_mint;
        let held = async |account| rpc.token_balance(&account).await.map(Option::unwrap_or_default);
        let app = keys.app.pubkey();
        let escrow: Option<Escrow> = account::find(rpc, &pda::escrow(&pda::app(&app, 0))).await?;
        Ok(Self {
            operator_micro_usdc: held(pda::token_account(&keys.payout.pubkey(), &mint)).await?,
            treasury_micro_usdc: held(network.treasury).await?,
            escrow_micro_usdc: match escrow {
                Some(escrow) => escrow.available_micro_usdc()? + escrow.bonded_micro_usdc,
                None => 0,
            },
            app_wallet_micro_usdc: held(pda::token_account(&app, &mint)).await?,
        })
    }

    const fn named(&self) -> [(&'static str, u64); 4] {
        [
            ("operator (payout)", self.operator_micro_usdc),
            ("treasury", self.treasury_micro_usdc),
            ("app's escrow", self.escrow_micro_usdc),
            ("app's wallet", self.app_wallet_micro_usdc),
        ]
    }

    /// A table.
    pub fn describe(&self) -> String {
        let rows = self.named().map(|(name, held)| [name.to_owned(), held.to_string()]);
        table(&["balance", ">micro-USDC"], rows)
    }

    /// A table of both, with the difference.
    pub fn describe_change(&self, after: &Self) -> String {
        let rows = self.named().into_iter().zip(after.named()).map(|((name, a), (_, b))| {
            let change = i128::from(b) - i128::from(a);
            [name.to_owned(), a.to_string(), b.to_string(), format!("{change:+}")]
        });
        table(&["balance", ">before", ">after", ">change in micro-USDC"], rows)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_signed() {
        let before = Balances {
            operator_micro_usdc: 10,
            treasury_micro_usdc: 5,
            escrow_micro_usdc: u64::MAX,
            app_wallet_micro_usdc: 0,
        };
        let after = Balances { operator_micro_usdc: 13, escrow_micro_usdc: 0, ..before };
        let text = before.describe_change(&after);
        assert!(text.contains("+3") && text.contains("+0"), "{text}");
        assert!(text.contains("-18446744073709551615"), "{text}");
    }
}
