use crate::error::SlashingError;
use crate::events::ExhibitOpened;
use crate::seeds;
use crate::state::Exhibit;
use anchor_lang::prelude::*;
use heliograph_protocol::sample::SAMPLES_MAX;

/// Makes room for the samples of a leaf: they do not fit into a transaction.
#[event_cpi]
#[derive(Accounts)]
#[instruction(samples_root: [u8; 32], samples_count: u16)]
pub struct OpenExhibit<'info> {
    /// Pays the rent and gets it back.
    #[account(mut)]
    pub uploader: Signer<'info>,
    #[account(
        init,
        payer = uploader,
        space = Exhibit::space(samples_count),
        seeds = [seeds::EXHIBIT, uploader.key().as_ref(), &samples_root],
        bump
    )]
    pub exhibit: Box<Account<'info, Exhibit>>,
    pub system_program: Program<'info, System>,
}

impl OpenExhibit<'_> {
    pub fn handle(
        ctx: Context<OpenExhibit>,
        samples_root: [u8; 32],
        samples_count: u16,
    ) -> Result<()> {
        require_gte!(SAMPLES_MAX, usize::from(samples_count), SlashingError::ExhibitTooLarge);
        let uploader = ctx.accounts.uploader.key();
        let bump = ctx.bumps.exhibit;
        ctx.accounts.exhibit.set_inner(Exhibit::new(uploader, bump, samples_root, samples_count));
        emit_cpi!(ExhibitOpened {
            exhibit: ctx.accounts.exhibit.key(),
            uploader,
            samples_root,
            samples_count,
        });
        Ok(())
    }
}
