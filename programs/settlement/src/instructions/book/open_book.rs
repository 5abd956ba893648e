use crate::error::SettlementError;
use crate::events::BookOpened;
use crate::seeds;
use crate::state::{BOOK_SLOTS_MIN, Book, Ring};
use anchor_lang::prelude::*;
use heliograph_registry::state::{Keeper, KeeperRole};

/// Takes an account that the transaction has made before, of any size, at the settler's address for
/// it: the system program's `allocate_with_seed` with the keeper key as base.
#[event_cpi]
#[derive(Accounts)]
pub struct OpenBook<'info> {
    /// The settler's hot key.
    pub keeper_key: Signer<'info>,
    /// Paid the rent; gets it back when the book is closed.
    pub rent_payer: Signer<'info>,
    #[account(
        has_one = keeper_key @ SettlementError::NotKeeperKey,
        constraint = keeper.role == KeeperRole::Settler @ SettlementError::NotASettler
    )]
    pub keeper: Box<Account<'info, Keeper>>,
    #[account(zero)]
    pub book: AccountLoader<'info, Book>,
}

impl OpenBook<'_> {
    pub fn handle(ctx: Context<OpenBook>) -> Result<()> {
        let accounts = &*ctx.accounts;
        let address = accounts.book.key();
        let expected =
            Pubkey::create_with_seed(&accounts.keeper_key.key(), seeds::BOOK, &crate::ID)
                .map_err(|_| error!(SettlementError::OtherBook))?;
        require_keys_eq!(address, expected, SettlementError::OtherBook);
        let slots = Ring::slots_in(accounts.book.to_account_info().data_len());
        require_gte!(slots, BOOK_SLOTS_MIN, SettlementError::BookTooSmall);
        let slots = u32::try_from(slots).map_err(|_| error!(SettlementError::Overflow))?;
        let opened_at = Clock::get()?.unix_timestamp;
        let (keeper, rent_payer) = (accounts.keeper.key(), accounts.rent_payer.key());
        *accounts.book.load_init()? = Book::new(keeper, rent_payer, slots, opened_at);
        emit_cpi!(BookOpened { book: address, keeper, rent_payer, slots, opened_at });
        Ok(())
    }
}
