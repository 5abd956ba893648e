use crate::events::{NodeStatusChanged, StakeRecorded};
use crate::seeds;
use crate::state::{Network, Node, NodeStatus};
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
    pub network: Account<'info, Network>,
    #[account(mut, seeds = [seeds::NODE, node.node_key.as_ref()], bump = node.bump)]
    pub node: Account<'info, Node>,
}

impl RecordStake<'_> {
    /// Never fails for a registered node: an operator's way out must not depend on its status.
    pub fn handle(ctx: Context<RecordStake>, bonded: u64) -> Result<()> {
        let stake_min = ctx.accounts.network.params.node_stake_min;
        let node = &mut ctx.accounts.node;
        let old_stake = node.stake;
        node.stake = bonded;
        let suspended = node.status == NodeStatus::Active && bonded < stake_min;
        if suspended {
            node.status = NodeStatus::Pending;
            node.status_changed_at = Clock::get()?.unix_timestamp;
        }
        let node = &ctx.accounts.node;
        emit_cpi!(StakeRecorded { node: node.key(), old_stake, stake: bonded });
        if suspended {
            emit_cpi!(NodeStatusChanged {
                node: node.key(),
                from: NodeStatus::Active,
                to: NodeStatus::Pending,
                stake: bonded,
                changed_at: node.status_changed_at,
            });
        }
        Ok(())
    }
}
