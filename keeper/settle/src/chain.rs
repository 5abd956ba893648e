//! What the settler reads from the chain, and its book's opening.

use crate::config::SettleConfig;
use crate::error::Error;
use crate::fate::BookView;
use heliograph_client::instruction::settlement::{self, book_len};
use heliograph_client::send::{Options, send};
use heliograph_client::{Error as ChainError, Rpc, account, pda};
use heliograph_protocol::SECS_PER_MINUTE;
use heliograph_registry::state::{Keeper, KeeperRole, Network};
use heliograph_settlement::state::{BOOK_SLOTS_MIN, liability_secs};
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::collections::HashMap;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often a cluster without the network's programs, or without this settler, is asked again.
const NETWORK_POLL: Duration = Duration::from_secs(2);
/// Slots beyond those that the bond stands behind: an hour to release them in.
const SLOTS_SPARE: u64 = 60;

/// Reads the network's parameters; waits for the RPC, for the network to be initialised and for the
/// settler to be registered.
pub async fn connect(
    rpc: &Rpc,
    keeper: &Pubkey,
    shutdown: &CancellationToken,
) -> Result<Network, ChainError> {
    loop {
        let found = async {
            let network = account::network(rpc).await?;
            account::get::<Keeper>(rpc, keeper).await?;
            Ok(network)
        };
        let wait = match found.await {
            Ok(network) => return Ok(network),
            Err(error @ ChainError::Missing { .. }) => error,
            Err(error) if error.is_retryable() => error,
            Err(error) => return Err(error),
        };
        tracing::warn!(rpc = rpc.display_url(), error = %wait, "waiting for the network");
        tokio::select! {
            () = tokio::time::sleep(NETWORK_POLL) => {}
            () = shutdown.cancelled() => return Err(wait),
        }
    }
}

/// The settler's book as it is now.
pub async fn book(rpc: &Rpc, address: &Pubkey) -> Result<BookView, ChainError> {
    let (book, slots) = account::find_book(rpc, address)
        .await?
        .ok_or(ChainError::Missing { what: "Book", address: *address })?;
    Ok(BookView { book, slots })
}

/// Makes sure that there is a book: opens one where the configuration says so.
pub async fn require_book(
    rpc: &Rpc,
    config: &SettleConfig,
    network: &Network,
    key: &Keypair,
) -> Result<(), Error> {
    let keeper_key = key.pubkey();
    let address = pda::book(&keeper_key);
    if account::find_book(rpc, &address).await?.is_some() {
        return Ok(());
    }
    if !config.open_book {
        return Err(Error::NoBook(address));
    }
    let slots = config.book_slots.unwrap_or_else(|| slots_needed(network));
    let lamports = rpc.rent_lamports(book_len(slots)).await?;
    let keeper = pda::keeper(KeeperRole::Settler, &keeper_key);
    let opening = settlement::open_book(keeper_key, keeper_key, keeper, slots, lamports);
    match send(rpc, key, &[], &opening, Options::default()).await {
        Ok(signature) => {
            tracing::info!(book = %address, slots, lamports, %signature, "book opened");
            Ok(())
        }
        // Opened meanwhile, or by a transaction that was not heard of.
        Err(_) if account::find_book(rpc, &address).await?.is_some() => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A slot for each minute that the bond stands behind, and some.
fn slots_needed(network: &Network) -> usize {
    let params = &network.params;
    let liable = liability_secs(params.dispute_secs, params.challenge_response_secs);
    let minutes = u64::try_from(liable).unwrap_or(0).div_ceil(SECS_PER_MINUTE) + SLOTS_SPARE;
    usize::try_from(minutes).unwrap_or(usize::MAX).max(BOOK_SLOTS_MIN)
}

/// Accounts of one type by their addresses. Those that do not exist, or are something else, are left
/// out: an address may come from anyone.
pub async fn accounts<T: account::NetworkAccount>(
    rpc: &Rpc,
    addresses: impl IntoIterator<Item = Pubkey>,
) -> Result<HashMap<Pubkey, T>, ChainError> {
    let mut addresses: Vec<Pubkey> = addresses.into_iter().collect();
    addresses.sort_unstable();
    addresses.dedup();
    let found = rpc.get_accounts(&addresses).await?;
    let decoded = addresses.into_iter().zip(found).filter_map(|(address, account)| {
        let account = account?;
        Some((address, account::decode(&account.owner, &account.data).ok()?))
    });
    Ok(decoded.collect())
}
