use crate::error::RegistryError;
use crate::events::KeeperUpdated;
use crate::instructions::node::{check_endpoint, check_payout};
use crate::seeds;
use crate::state::{Keeper, Network};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;

#[event_cpi]
#[derive(Accounts)]
pub struct UpdateKeeper<'info> {
    pub owner: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        has_one = owner @ RegistryError::NotKeeperOwner,
        seeds = [seeds::KEEPER, &keeper.role.seed(), keeper.keeper_key.as_ref()],
        bump = keeper.bump
    )]
    pub keeper: Box<Account<'info, Keeper>>,
    /// Receives what the keeper earns from now on.
    #[account(token::mint = network.payment_mint)]
    pub payout: Box<Account<'info, TokenAccount>>,
}

impl UpdateKeeper<'_> {
    pub fn handle(ctx: Context<UpdateKeeper>, endpoint: String) -> Result<()> {
        check_endpoint(&endpoint)?;
        let accounts = &mut *ctx.accounts;
        let keeper = &mut accounts.keeper;
        // An exited keeper too: its last batches are still to be claimed, to an account that exists.
        check_payout(&accounts.payout, &keeper.keeper_key, &accounts.network)?;
        let payout = accounts.payout.key();
        let old_payout = std::mem::replace(&mut keeper.payout, payout);
        keeper.endpoint = endpoint;
        emit_cpi!(KeeperUpdated { keeper: ctx.accounts.keeper.key(), old_payout, payout });
        Ok(())
    }
}
