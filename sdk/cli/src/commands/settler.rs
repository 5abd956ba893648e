//! `heliograph settler`: a settler's book.

mod book;
mod close_book;
mod open_book;
mod release;

use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_client::{Rpc, account, pda};
use heliograph_registry::state::{Keeper, KeeperRole};
use heliograph_settlement::state::{Book, Slot};
use solana_pubkey::Pubkey;

/// Open, show and close a settler's book
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Open, show and close a settler's book.\n\n\
    A settler is a keeper (`heliograph keeper register --role settler`). Its batches lie in its book, \
    a ring with a slot for each minute. The bond stands behind every batch until nobody can dispute \
    it any more; their totals together, the exposure, never exceed the bond.",
    after_long_help = "EXAMPLES\n  \
    heliograph settler open-book --keeper-key settler.json\n  \
    heliograph settler book settler.json\n  \
    heliograph settler release settler.json\n  \
    heliograph settler close-book settler.json"
)]
pub enum Settler {
    /// Make the settler's book; its size and rent are shown
    OpenBook(open_book::OpenBook),
    /// Show a book
    Book(book::Show),
    /// Take batches that are over out of the exposure
    Release(release::Release),
    /// Close a book in which nothing can be disputed any more; its rent comes back
    CloseBook(close_book::CloseBook),
}

impl Settler {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::OpenBook(open) => open.execute(context).await,
            Self::Book(book) => book.execute(context).await,
            Self::Release(release) => release.execute(context).await,
            Self::CloseBook(close) => close.execute(context).await,
        }
    }
}

/// A settler, and its book.
pub struct WithBook {
    pub address: Pubkey,
    pub keeper: Keeper,
    pub book_address: Pubkey,
    pub book: Book,
    pub slots: Vec<Slot>,
}

/// Reads the settler of `keeper_key` and its book.
pub async fn with_book(rpc: &Rpc, keeper_key: &Pubkey) -> Result<WithBook> {
    let (address, keeper) = chain::keeper(rpc, keeper_key, Some(KeeperRole::Settler)).await?;
    let book_address = pda::book(keeper_key);
    let found = account::find_book(rpc, &book_address).await?;
    let (book, slots) = found.ok_or_else(|| {
        usage(format!("settler {keeper_key} has no book: `heliograph settler open-book` makes it"))
    })?;
    Ok(WithBook { address, keeper, book_address, book, slots })
}
