use crate::events::{KeeperStatusChanged, NodeStatusChanged, StakeRecorded};
use crate::seeds;
use crate::state::{Network, StatusChange, Subject};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct RecordStake<'info> {
    /// A PDA that only the staking program can sign for.
    #[account(
        seeds = [seeds::STAKE_RECORDER],
        bump,
        seeds::program = network.staking_program
    )]
    pub stake_recorder: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    /// CHECK: a node or a keeper; `Subject::load` tells which and refuses everything else.
    #[account(mut)]
    pub subject: UncheckedAccount<'info>,
}

impl RecordStake<'_> {
    /// Never fails for a registered subject: the way out must not depend on its status.
    pub fn handle(ctx: Context<RecordStake>, bonded: u64) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let address = ctx.accounts.subject.key();
        let mut subject = Subject::load(&ctx.accounts.subject)?;
        let old_stake = subject.stake();
        let change = subject.record_stake(bonded, &ctx.accounts.network, now);
        subject.store(&ctx.accounts.subject)?;
        emit_cpi!(StakeRecorded { subject: address, old_stake, stake: bonded });
        match change {
            Some(StatusChange::Node(from, to)) => {
                let (node, stake) = (address, bonded);
                emit_cpi!(NodeStatusChanged { node, from, to, stake, changed_at: now });
            }
            Some(StatusChange::Keeper(from, to)) => {
                let (keeper, stake) = (address, bonded);
                emit_cpi!(KeeperStatusChanged { keeper, from, to, stake, changed_at: now });
            }
            None => {}
        }
        Ok(())
    }
}
