//! The accounts as rebuilt: bytes, written the way the programs write them.

use anchor_lang::{AccountSerialize, Discriminator, Space};
use heliograph_client::account::NetworkAccount;
use heliograph_settlement::state::{Book, Ring};
use solana_pubkey::Pubkey;
use std::collections::BTreeMap;

/// Every open account of the network, with a journal so that a step can be taken back.
///
/// Data is kept as bytes because a program writes a shorter string over a longer one without
/// clearing what is left: only bytes written in the same order compare equal to the chain's.
#[derive(Debug, Default)]
pub(crate) struct World {
    accounts: BTreeMap<Pubkey, Vec<u8>>,
    /// Addresses changed and what they held before, oldest first.
    journal: Vec<(Pubkey, Option<Vec<u8>>)>,
}

impl World {
    /// The account at `address`, if there is one of this type.
    pub fn get<T: NetworkAccount>(&self, address: &Pubkey) -> Option<T> {
        let data = self.accounts.get(address)?;
        T::try_deserialize(&mut data.as_slice()).ok()
    }

    pub fn exists(&self, address: &Pubkey) -> bool {
        self.accounts.contains_key(address)
    }

    /// Writes a new account with the space the programs give one of its type.
    pub fn create<T: AccountSerialize + Discriminator + Space>(
        &mut self,
        address: Pubkey,
        account: &T,
    ) {
        let space = T::DISCRIMINATOR.len() + T::INIT_SPACE;
        self.set(address, Some(overwrite(vec![0; space], account)));
    }

    /// Writes over an account that exists.
    pub fn put<T: AccountSerialize>(&mut self, address: Pubkey, account: &T) {
        let before = self.accounts.get(&address).cloned().unwrap_or_default();
        self.set(address, Some(overwrite(before, account)));
    }

    /// Writes a new book with an empty ring.
    pub fn create_book(&mut self, address: Pubkey, book: &Book) {
        let mut data = vec![0; Ring::len_of(book.slots as usize)];
        data[..Book::DISCRIMINATOR.len()].copy_from_slice(Book::DISCRIMINATOR);
        self.set(address, Some(data));
        self.with_book(&address, |ring| *ring.book = *book);
    }

    /// Does something to a book; `None` if there is none at `address`.
    pub fn with_book<T>(
        &mut self,
        address: &Pubkey,
        deed: impl FnOnce(&mut Ring<'_>) -> T,
    ) -> Option<T> {
        let data = self.accounts.get(address)?;
        if !data.starts_with(Book::DISCRIMINATOR) {
            return None;
        }
        // The ring is laid over the bytes, as on chain, so they must lie as they lie there.
        let mut words = vec![0u64; data.len().div_ceil(8)];
        let bytes = &mut bytemuck::cast_slice_mut(&mut words)[..data.len()];
        bytes.copy_from_slice(data);
        let outcome = deed(&mut Ring::over(bytes).ok()?);
        let data = bytes.to_vec();
        self.set(*address, Some(data));
        Some(outcome)
    }

    pub fn close(&mut self, address: Pubkey) {
        self.set(address, None);
    }

    fn set(&mut self, address: Pubkey, data: Option<Vec<u8>>) {
        let before = match data {
            Some(data) => self.accounts.insert(address, data),
            None => self.accounts.remove(&address),
        };
        self.journal.push((address, before));
    }

    /// A point to [`roll_back`](Self::roll_back) to.
    pub fn mark(&self) -> usize {
        self.journal.len()
    }

    pub fn roll_back(&mut self, mark: usize) {
        while self.journal.len() > mark {
            match self.journal.pop() {
                Some((address, Some(data))) => self.accounts.insert(address, data),
                Some((address, None)) => self.accounts.remove(&address),
                None => return,
            };
        }
    }

    /// Gives up going back before now.
    pub fn commit(&mut self) {
        self.journal.clear();
    }

    pub fn accounts(&self) -> &BTreeMap<Pubkey, Vec<u8>> {
        &self.accounts
    }

    /// Every open account of a type.
    pub fn all<T: NetworkAccount>(&self) -> impl Iterator<Item = (Pubkey, T)> + '_ {
        self.accounts.keys().filter_map(|address| Some((*address, self.get(address)?)))
    }
}

/// `account` over the first bytes of `data`, as Anchor writes at the end of an instruction.
pub(crate) fn overwrite<T: AccountSerialize>(mut data: Vec<u8>, account: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    // Writing to a Vec fails only for strings longer than u32::MAX, which no account holds.
    if account.try_serialize(&mut bytes).is_err() {
        unreachable!("accounts are shorter than u32::MAX");
    }
    if data.len() < bytes.len() {
        data.resize(bytes.len(), 0);
    }
    data[..bytes.len()].copy_from_slice(&bytes);
    data
}
