use crate::error::RegistryError;
use crate::events::NodeStatusChanged;
use crate::seeds;
use crate::state::{Network, Node, NodeStatus};
use anchor_lang::prelude::*;

#[event_cpi]
#[derive(Accounts)]
pub struct SetNodeStatus<'info> {
    pub operator: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        has_one = operator @ RegistryError::NotOperator,
        seeds = [seeds::NODE, node.node_key.as_ref()],
        bump = node.bump
    )]
    pub node: Box<Account<'info, Node>>,
}

impl SetNodeStatus<'_> {
    pub fn handle(ctx: Context<SetNodeStatus>, status: NodeStatus) -> Result<()> {
        let stake_min = ctx.accounts.network.params.node_stake_min;
        let node = &mut ctx.accounts.node;
        require!(node.status.may_become(status), RegistryError::StatusTransition);
        require!(
            status != NodeStatus::Active || node.stake >= stake_min,
            RegistryError::StakeBelowMinimum
        );
        let from = node.status;
        node.status = status;
        node.status_changed_at = Clock::get()?.unix_timestamp;
        let node = &ctx.accounts.node;
        emit_cpi!(NodeStatusChanged {
            node: node.key(),
            from,
            to: status,
            stake: node.stake,
            changed_at: node.status_changed_at,
        });
        Ok(())
    }
}
