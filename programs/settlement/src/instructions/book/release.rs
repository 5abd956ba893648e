use crate::error::SettlementError;
use crate::events::BatchesReleased;
use crate::state::{Book, RELEASED_AT_ONCE, Ring};
use anchor_lang::prelude::*;

/// Takes batches that nobody can dispute any more out of a settler's exposure. Anyone may.
#[event_cpi]
#[derive(Accounts)]
pub struct Release<'info> {
    #[account(mut)]
    pub book: AccountLoader<'info, Book>,
}

impl Release<'_> {
    pub fn handle(ctx: Context<Release>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let info = ctx.accounts.book.to_account_info();
        let event = {
            let mut data = info.try_borrow_mut_data()?;
            let mut ring = Ring::over(&mut data)?;
            let released = ring.release(now, RELEASED_AT_ONCE)?;
            require_gt!(released, 0, SettlementError::NothingToRelease);
            BatchesReleased {
                book: info.key(),
                released: released as u32,
                exposure_micro_usdc: ring.book.exposure_micro_usdc,
            }
        };
        emit_cpi!(event);
        Ok(())
    }
}
