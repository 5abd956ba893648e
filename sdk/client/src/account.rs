//! Reading the network's accounts.

use crate::rpc::{Filter, Memcmp};
use crate::{Error, Rpc, pda};
use anchor_lang::AccountDeserialize;
use heliograph_registry::state::{App, Keeper, Network, Node, ParamsChange};
use heliograph_reputation::state::{Epoch, Observation, Score, Standing, Tally};
use heliograph_settlement::state::{Book, Challenge, Channel, Escrow, Session, Slot};
use heliograph_slashing::state::{Case, Exhibit, Record};
use heliograph_staking::state::{Delegation, Position};
use solana_pubkey::Pubkey;

/// An account type of one of the programs.
pub trait NetworkAccount: AccountDeserialize {
    /// Its name in messages.
    const NAME: &'static str;
    /// The program that owns it.
    const OWNER: Pubkey;
}

macro_rules! network_account {
    ($($name:ident: $owner:ident),* $(,)?) => {$(
        impl NetworkAccount for $name {
            const NAME: &'static str = stringify!($name);
            const OWNER: Pubkey = pda::$owner;
        }
    )*};
}

network_account! {
    Network: REGISTRY, ParamsChange: REGISTRY, Node: REGISTRY, Keeper: REGISTRY, App: REGISTRY,
    Position: STAKING, Delegation: STAKING,
    Escrow: SETTLEMENT, Channel: SETTLEMENT, Session: SETTLEMENT, Challenge: SETTLEMENT,
    Epoch: REPUTATION, Observation: REPUTATION, Tally: REPUTATION, Score: REPUTATION,
    Standing: REPUTATION,
    Case: SLASHING, Record: SLASHING, Exhibit: SLASHING,
}

/// Decodes an account's bytes; `owner` is who the cluster says owns them.
pub fn decode<T: NetworkAccount>(owner: &Pubkey, data: &[u8]) -> Result<T, Error> {
    if *owner != T::OWNER {
        return Err(Error::decode(T::NAME, format!("account is owned by {owner}")));
    }
    T::try_deserialize(&mut &*data).map_err(|error| Error::decode(T::NAME, error))
}

/// A settler's book and its ring of batches, out of an account's bytes.
pub fn decode_book(owner: &Pubkey, data: &[u8]) -> Result<(Book, Vec<Slot>), Error> {
    if *owner != pda::SETTLEMENT {
        return Err(Error::decode("Book", format!("account is owned by {owner}")));
    }
    Book::read(data).ok_or_else(|| Error::decode("Book", "its bytes are no book"))
}

/// The book at `address`, `None` if there is none.
pub async fn find_book(rpc: &Rpc, address: &Pubkey) -> Result<Option<(Book, Vec<Slot>)>, Error> {
    match rpc.get_account(address).await? {
        Some(account) => decode_book(&account.owner, &account.data).map(Some),
        None => Ok(None),
    }
}

/// The account at `address`, `None` if there is none.
pub async fn find<T: NetworkAccount>(rpc: &Rpc, address: &Pubkey) -> Result<Option<T>, Error> {
    match rpc.get_account(address).await? {
        Some(account) => decode(&account.owner, &account.data).map(Some),
        None => Ok(None),
    }
}

/// The account at `address`; its absence is [`Error::Missing`].
pub async fn get<T: NetworkAccount>(rpc: &Rpc, address: &Pubkey) -> Result<T, Error> {
    find(rpc, address).await?.ok_or(Error::Missing { what: T::NAME, address: *address })
}

/// The network's parameters; an uninitialised cluster is [`Error::Missing`].
pub async fn network(rpc: &Rpc) -> Result<Network, Error> {
    get(rpc, &pda::network()).await
}

/// Every account of type `T`, in no order.
pub async fn all<T: NetworkAccount + anchor_lang::Discriminator>(
    rpc: &Rpc,
) -> Result<Vec<(Pubkey, T)>, Error> {
    let discriminator = Memcmp::new_raw_bytes(0, T::DISCRIMINATOR.to_vec());
    let filters = vec![Filter::Memcmp(discriminator)];
    let accounts = rpc.get_program_accounts(&T::OWNER, filters).await?;
    accounts
        .into_iter()
        .map(|(address, account)| Ok((address, decode(&account.owner, &account.data)?)))
        .collect()
}
