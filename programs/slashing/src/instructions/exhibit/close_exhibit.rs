use crate::error::SlashingError;
use crate::events::ExhibitClosed;
use crate::state::Exhibit;
use anchor_lang::prelude::*;

/// Closes an exhibit; the rent goes back to who paid it. A case that was opened with it has seen
/// all it needs.
#[event_cpi]
#[derive(Accounts)]
pub struct CloseExhibit<'info> {
    #[account(mut)]
    pub uploader: Signer<'info>,
    #[account(mut, close = uploader, has_one = uploader @ SlashingError::OtherUploader)]
    pub exhibit: Box<Account<'info, Exhibit>>,
}

impl CloseExhibit<'_> {
    pub fn handle(ctx: Context<CloseExhibit>) -> Result<()> {
        emit_cpi!(ExhibitClosed {
            exhibit: ctx.accounts.exhibit.key(),
            uploader: ctx.accounts.uploader.key(),
        });
        Ok(())
    }
}
