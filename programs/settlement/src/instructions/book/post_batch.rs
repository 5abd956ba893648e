use crate::error::SettlementError;
use crate::events::BatchPosted;
use crate::state::{Book, PostBatchArgs, Ring};
use anchor_lang::prelude::*;
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus, Network, pause};

/// A settler's word for one minute: one root over what every session owes.
#[event_cpi]
#[derive(Accounts)]
pub struct PostBatch<'info> {
    /// The settler's hot key.
    pub keeper_key: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(has_one = keeper_key @ SettlementError::NotKeeperKey)]
    pub keeper: Box<Account<'info, Keeper>>,
    #[account(mut)]
    pub book: AccountLoader<'info, Book>,
}

impl PostBatch<'_> {
    fn validate(&self) -> Result<()> {
        let (network, keeper) = (&self.network, &self.keeper);
        require!(!network.is_paused(pause::BATCHES), SettlementError::BatchesPaused);
        require!(keeper.role == KeeperRole::Settler, SettlementError::NotASettler);
        require!(
            keeper.status == KeeperStatus::Active
                && keeper.stake >= network.params.settler_bond_min_micro_usdc,
            SettlementError::SettlerNotActive
        );
        Ok(())
    }

    pub fn handle(ctx: Context<PostBatch>, args: PostBatchArgs) -> Result<()> {
        ctx.accounts.validate()?;
        let now = Clock::get()?.unix_timestamp;
        let (network, keeper) = (&ctx.accounts.network, &ctx.accounts.keeper);
        let info = ctx.accounts.book.to_account_info();
        let event = {
            let mut data = info.try_borrow_mut_data()?;
            let mut ring = Ring::over(&mut data)?;
            require_keys_eq!(ring.book.keeper, keeper.key(), SettlementError::OtherKeeper);
            ring.post(&args, &network.params, &network.domain(), keeper.stake, now)?;
            BatchPosted {
                book: info.key(),
                keeper: ring.book.keeper,
                minute_index: args.minute_index,
                root: args.root,
                count: args.count,
                total_micro_usdc: args.total_micro_usdc,
                posted_at: now,
                chain: ring.book.chain,
                exposure_micro_usdc: ring.book.exposure_micro_usdc,
            }
        };
        emit_cpi!(event);
        Ok(())
    }
}
