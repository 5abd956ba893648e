use super::AppPolicy;
use crate::error::RegistryError;
use crate::events::AppUpdated;
use crate::seeds;
use crate::state::App;
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct UpdateApp<'info> {
    pub authority: Signer<'info>,
    #[account(
        mut,
        has_one = authority @ RegistryError::NotAppAuthority,
        seeds = [seeds::APP, app.authority.as_ref(), &app.id.to_le_bytes()],
        bump = app.bump
    )]
    pub app: Account<'info, App>,
}

impl UpdateApp<'_> {
    pub fn handle(ctx: Context<UpdateApp>, policy: AppPolicy) -> Result<()> {
        policy.validate(&ctx.accounts.authority.key())?;
        let app = &mut ctx.accounts.app;
        let old_voucher_signer = app.voucher_signer;
        policy.apply(app);
        let app = &ctx.accounts.app;
        emit_cpi!(AppUpdated {
            app: app.key(),
            old_voucher_signer,
            voucher_signer: app.voucher_signer,
            voucher_signer_expires_at: app.voucher_signer_expires_at,
        });
        Ok(())
    }
}
