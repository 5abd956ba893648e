use crate::error::RegistryError;
use crate::events::KeeperStatusChanged;
use crate::seeds;
use crate::state::{Keeper, KeeperStatus, Network};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct SetKeeperStatus<'info> {
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
}

impl SetKeeperStatus<'_> {
    pub fn handle(ctx: Context<SetKeeperStatus>, status: KeeperStatus) -> Result<()> {
        let params = &ctx.accounts.network.params;
        let keeper = &mut ctx.accounts.keeper;
        require!(keeper.status.may_become(status), RegistryError::StatusTransition);
        require!(
            status != KeeperStatus::Active || keeper.stake >= params.keeper_stake_min(keeper.role),
            RegistryError::StakeBelowMinimum
        );
        let from = std::mem::replace(&mut keeper.status, status);
        keeper.status_changed_at = Clock::get()?.unix_timestamp;
        let keeper = &ctx.accounts.keeper;
        emit_cpi!(KeeperStatusChanged {
            keeper: keeper.key(),
            from,
            to: status,
            stake: keeper.stake,
            changed_at: keeper.status_changed_at,
        });
        Ok(())
    }
}
