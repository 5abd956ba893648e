use crate::error::SlashingError;
use crate::events::ExhibitWritten;
use crate::state::Exhibit;
use anchor_lang::prelude::*;

/// Writes some of the samples, in any order.
#[event_cpi]
#[derive(Accounts)]
pub struct WriteExhibit<'info> {
    pub uploader: Signer<'info>,
    #[account(mut, has_one = uploader @ SlashingError::OtherUploader)]
    pub exhibit: Box<Account<'info, Exhibit>>,
}

impl WriteExhibit<'_> {
    pub fn handle(ctx: Context<WriteExhibit>, offset: u32, bytes: Vec<u8>) -> Result<()> {
        ctx.accounts.exhibit.write(offset, &bytes)?;
        emit_cpi!(ExhibitWritten {
            exhibit: ctx.accounts.exhibit.key(),
            offset,
            bytes_count: bytes.len() as u32,
        });
        Ok(())
    }
}
