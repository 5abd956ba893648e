use crate::error::RegistryError;
use crate::events::KeeperRegistered;
use crate::instructions::node::{check_endpoint, check_payout};
use crate::seeds;
use crate::state::{Keeper, KeeperRole, KeeperStatus, Network, pause};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;

#[event_cpi]
#[derive(Accounts)]
#[instruction(role: KeeperRole)]
pub struct RegisterKeeper<'info> {
    /// Owns the keeper and pays its rent.
    #[account(mut)]
    pub owner: Signer<'info>,
    /// Signs too, so that nobody can register a key that is not theirs.
    pub keeper_key: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    #[account(
        init,
        payer = owner,
        space = Keeper::DISCRIMINATOR.len() + Keeper::INIT_SPACE,
        seeds = [seeds::KEEPER, &role.seed(), keeper_key.key().as_ref()],
        bump
    )]
    pub keeper: Box<Account<'info, Keeper>>,
    /// Receives what the keeper earns.
    #[account(token::mint = network.payment_mint)]
    pub payout: Box<Account<'info, TokenAccount>>,
    pub system_program: Program<'info, System>,
}

impl RegisterKeeper<'_> {
    pub fn handle(ctx: Context<RegisterKeeper>, role: KeeperRole, endpoint: String) -> Result<()> {
        check_endpoint(&endpoint)?;
        let accounts = &mut *ctx.accounts;
        require!(!accounts.network.is_paused(pause::REGISTER), RegistryError::RegistrationsPaused);
        let (owner, keeper_key) = (accounts.owner.key(), accounts.keeper_key.key());
        // A hot key must not be able to move its owner's money, nor receive it.
        require_keys_neq!(keeper_key, owner, RegistryError::KeysNotDistinct);
        check_payout(&accounts.payout, &keeper_key, &accounts.network)?;
        let now = Clock::get()?.unix_timestamp;
        accounts.keeper.set_inner(Keeper {
            version: Keeper::VERSION,
            bump: ctx.bumps.keeper,
            role,
            status: KeeperStatus::Pending,
            keeper_key,
            owner,
            payout: accounts.payout.key(),
            stake: 0,
            registered_at: now,
            status_changed_at: now,
            jailed_until: 0,
            endpoint,
            reserved: [0; 128],
        });
        emit_cpi!(KeeperRegistered {
            keeper: ctx.accounts.keeper.key(),
            role,
            keeper_key,
            owner,
            payout: ctx.accounts.payout.key(),
            registered_at: now,
        });
        Ok(())
    }
}
