use super::AppPolicy;
use crate::error::RegistryError;
use crate::events::AppCreated;
use crate::seeds;
use crate::state::{App, Network, pause};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
#[instruction(id: u32)]
pub struct CreateApp<'info> {
    /// Owns the app and pays its rent.
    #[account(mut)]
    pub authority: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    #[account(
        init,
        payer = authority,
        space = App::DISCRIMINATOR.len() + App::INIT_SPACE,
        seeds = [seeds::APP, authority.key().as_ref(), &id.to_le_bytes()],
        bump
    )]
    pub app: Box<Account<'info, App>>,
    pub system_program: Program<'info, System>,
}

impl CreateApp<'_> {
    pub fn handle(ctx: Context<CreateApp>, id: u32, policy: AppPolicy) -> Result<()> {
        let authority = ctx.accounts.authority.key();
        policy.validate(&authority)?;
        require!(
            !ctx.accounts.network.is_paused(pause::REGISTER),
            RegistryError::RegistrationsPaused
        );
        let mut app = App {
            version: App::VERSION,
            bump: ctx.bumps.app,
            authority,
            id,
            voucher_signer: Pubkey::default(),
            voucher_signer_expires_at: 0,
            price_ceilings_micro_usdc: Default::default(),
            created_at: Clock::get()?.unix_timestamp,
            countries: Vec::new(),
            reserved: [0; 128],
        };
        policy.apply(&mut app);
        ctx.accounts.app.set_inner(app);
        let app = &ctx.accounts.app;
        emit_cpi!(AppCreated {
            app: app.key(),
            authority,
            id,
            voucher_signer: app.voucher_signer,
            voucher_signer_expires_at: app.voucher_signer_expires_at,
        });
        Ok(())
    }
}
