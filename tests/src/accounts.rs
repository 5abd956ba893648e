//! Reading accounts, and saying exactly what they must hold.

use crate::vm::Vm;
use anchor_lang::AccountSerialize;
use anchor_lang::solana_program::program_pack::Pack;
use heliograph_client::account::{NetworkAccount, decode};
use solana_pubkey::Pubkey;
use spl_token_interface::state::{Account as TokenAccount, Mint};
use std::fmt::Debug;

impl Vm {
    /// The account of type `T` at `address`.
    ///
    /// # Panics
    /// When there is none, or it is something else.
    pub fn read<T: NetworkAccount>(&self, address: &Pubkey) -> T {
        let account =
            self.account(address).unwrap_or_else(|| panic!("no {} at {address}", T::NAME));
        decode(&account.owner, &account.data).unwrap_or_else(|error| panic!("{address}: {error}"))
    }

    /// Asserts that the account at `address` holds `expected`, byte for byte, with zeros after it.
    pub fn holds<T: NetworkAccount + AccountSerialize + Debug>(
        &self,
        address: &Pubkey,
        expected: &T,
    ) {
        let account =
            self.account(address).unwrap_or_else(|| panic!("no {} at {address}", T::NAME));
        assert_eq!(account.owner, T::OWNER, "owner of {} at {address}", T::NAME);
        let mut bytes = Vec::new();
        expected.try_serialize(&mut bytes).expect("accounts serialise into a Vec");
        assert!(bytes.len() <= account.data.len(), "{} is larger than its account", T::NAME);
        bytes.resize(account.data.len(), 0);
        assert!(
            account.data == bytes,
            "{} at {address}\n    holds {:?}\nshould be {expected:?}",
            T::NAME,
            self.read::<T>(address)
        );
    }

    /// Asserts that nothing is left at `address`.
    pub fn is_gone(&self, address: &Pubkey) {
        assert!(self.account(address).is_none(), "an account is left at {address}");
    }

    /// Lamports at `address`.
    pub fn lamports(&self, address: &Pubkey) -> u64 {
        self.account(address).map_or(0, |account| account.lamports)
    }

    /// The token account at `address`.
    pub fn token_account(&self, address: &Pubkey) -> TokenAccount {
        let account = self.account(address).unwrap_or_else(|| panic!("no tokens at {address}"));
        assert_eq!(account.owner, spl_token_interface::ID, "owner of token account {address}");
        TokenAccount::unpack(&account.data).expect("a token account")
    }

    /// Tokens at `address`, in units of its mint.
    pub fn tokens(&self, address: &Pubkey) -> u64 {
        self.token_account(address).amount
    }

    /// Tokens that exist of a mint.
    pub fn supply(&self, mint: &Pubkey) -> u64 {
        let account = self.account(mint).unwrap_or_else(|| panic!("no mint at {mint}"));
        Mint::unpack(&account.data).expect("a mint").supply
    }

    /// Every token account of `mint`, with its amount.
    pub fn token_accounts_of(&mut self, mint: &Pubkey) -> Vec<(Pubkey, u64)> {
        self.svm()
            .get_program_accounts(&spl_token_interface::ID)
            .into_iter()
            .filter_map(|(address, account)| {
                let tokens = TokenAccount::unpack(&account.data).ok()?;
                (tokens.mint == *mint).then_some((address, tokens.amount))
            })
            .collect()
    }
}
