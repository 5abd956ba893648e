//! Questions to the chain that several commands ask.

mod subject;

use crate::exit::usage;
use anyhow::{Context as _, Result};
use heliograph_client::{Rpc, account, pda};
use heliograph_registry::state::{App, Node};
use heliograph_settlement::state::Escrow;
use solana_program_pack::Pack;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;
use spl_token_interface::state::{Account as TokenAccount, Mint};

pub use subject::{Role, Staked, keeper, role_name, staked, status_name};

/// The chain's Unix time, which is what programs compare with.
pub async fn unix_secs(rpc: &Rpc) -> Result<i64> {
    Ok(rpc.unix_secs().await?)
}

/// What a program's check says when it is asked before anything is sent: the words alone, without
/// the name and number that the log of a transaction has.
pub fn refused(error: anchor_lang::error::Error) -> anyhow::Error {
    match error {
        anchor_lang::error::Error::AnchorError(error) => usage(error.error_msg),
        anchor_lang::error::Error::ProgramError(error) => usage(error.to_string()),
    }
}

/// Decimals of a mint.
pub async fn decimals(rpc: &Rpc, mint: &Pubkey) -> Result<u8> {
    let account = rpc.get_account(mint).await?;
    account
        .and_then(|account| Mint::unpack(&account.data).ok())
        .map(|mint| mint.decimals)
        .with_context(|| format!("{mint} is not a mint"))
}

/// A node by its key, with the address of its account.
pub async fn node(rpc: &Rpc, node_key: &Pubkey) -> Result<(Pubkey, Node)> {
    let address = pda::node(node_key);
    let node = account::find(rpc, &address).await?;
    let node = node.ok_or_else(|| usage(format!("no node is registered with key {node_key}")))?;
    Ok((address, node))
}

/// An app with the address of its account.
pub async fn app(rpc: &Rpc, authority: &Pubkey, id: u32) -> Result<(Pubkey, App)> {
    let address = pda::app(authority, id);
    let app = account::find(rpc, &address).await?;
    let app = app.ok_or_else(|| {
        usage(format!("{authority} has no app {id}; create it with `heliograph app create`"))
    })?;
    Ok((address, app))
}

/// An app's escrow.
pub async fn escrow(rpc: &Rpc, app: &Pubkey) -> Result<Escrow> {
    let escrow = account::find(rpc, &pda::escrow(app)).await?;
    escrow
        .ok_or_else(|| usage(format!("app {app} has no escrow; `heliograph app create` opens it")))
}

/// A place for tokens, named by its owner or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPlace {
    /// The token account.
    pub account: Pubkey,
    /// The wallet whose standard account it is, if it has to be created.
    pub create_for: Option<Pubkey>,
}

/// Reads `address` as a token account of `mint`, or as a wallet, whose standard token account is
/// meant then.
pub async fn token_place(rpc: &Rpc, address: &Pubkey, mint: &Pubkey) -> Result<TokenPlace> {
    let found = rpc.get_account(address).await?;
    match found {
        Some(account) if account.owner == spl_token_interface::ID => {
            let token = TokenAccount::unpack(&account.data)
                .map_err(|_| usage(format!("{address} is a mint, not a token account")))?;
            if token.mint != *mint {
                let found = token.mint;
                return Err(usage(format!(
                    "{address} holds tokens of {found}; an account of {mint} is needed"
                )));
            }
            Ok(TokenPlace { account: *address, create_for: None })
        }
        Some(account) if account.owner != system_program::ID => {
            let owner = account.owner;
            Err(usage(format!("{address} belongs to {owner}: it is neither wallet nor tokens")))
        }
        _ => {
            let standard = pda::token_account(address, mint);
            let missing = rpc.token_balance(&standard).await?.is_none();
            Ok(TokenPlace { account: standard, create_for: missing.then_some(*address) })
        }
    }
}
