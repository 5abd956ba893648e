use crate::error::SettlementError;
use crate::events::BookClosed;
use crate::state::{Book, RELEASED_AT_ONCE, Ring};
use anchor_lang::prelude::*;
use heliograph_registry::state::Keeper;

/// Gives the rent of a book back in which nothing can be disputed any more.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseBook<'info> {
    pub owner: Signer<'info>,
    #[account(has_one = owner @ SettlementError::NotKeeperOwner)]
    pub keeper: Box<Account<'info, Keeper>>,
    #[account(mut, close = rent_payer)]
    pub book: AccountLoader<'info, Book>,
    /// CHECK: gets the rent back; the book names it.
    #[account(mut)]
    pub rent_payer: UncheckedAccount<'info>,
}

impl CloseBook<'_> {
    pub fn handle(ctx: Context<CloseBook>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let info = ctx.accounts.book.to_account_info();
        let chain = {
            let mut data = info.try_borrow_mut_data()?;
            let mut ring = Ring::over(&mut data)?;
            require_keys_eq!(
                ring.book.keeper,
                ctx.accounts.keeper.key(),
                SettlementError::OtherKeeper
            );
            require_keys_eq!(
                ring.book.rent_payer,
                ctx.accounts.rent_payer.key(),
                SettlementError::OtherRentPayer
            );
            ring.release(now, RELEASED_AT_ONCE)?;
            require!(ring.book.is_over(), SettlementError::BookInUse);
            ring.book.chain
        };
        emit_cpi!(BookClosed { book: info.key(), keeper: ctx.accounts.keeper.key(), chain });
        Ok(())
    }
}
