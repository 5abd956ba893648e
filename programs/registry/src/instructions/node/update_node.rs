use super::{NodeProfile, check_payout};
use crate::error::RegistryError;
use crate::events::NodeUpdated;
use crate::seeds;
use crate::state::{Network, Node};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;

#[event_cpi]
#[derive(Accounts)]
pub struct UpdateNode<'info> {
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
    /// Receives the operator's share from now on.
    #[account(token::mint = network.payment_mint)]
    pub payout: Box<Account<'info, TokenAccount>>,
}

impl UpdateNode<'_> {
    pub fn handle(ctx: Context<UpdateNode>, profile: NodeProfile) -> Result<()> {
        profile.validate()?;
        let accounts = &mut *ctx.accounts;
        let node = &mut accounts.node;
        // An exited node too: it is still owed what it has served, and its payout may have to move.
        check_payout(&accounts.payout, &node.node_key, &accounts.network)?;
        let old_prices_micro_usdc = node.prices_micro_usdc;
        profile.apply(node);
        node.payout = accounts.payout.key();
        let node = &ctx.accounts.node;
        emit_cpi!(NodeUpdated {
            node: node.key(),
            payout: node.payout,
            services: node.services,
            old_prices_micro_usdc,
            prices_micro_usdc: node.prices_micro_usdc,
            country: node.country,
        });
        Ok(())
    }
}
