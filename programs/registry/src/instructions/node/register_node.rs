use super::{NodeProfile, check_payout};
use crate::error::RegistryError;
use crate::events::NodeRegistered;
use crate::seeds;
use crate::state::{Network, Node, NodeStatus, pause};
use anchor_lang::prelude::*;
use anchor_spl::token::TokenAccount;

#[event_cpi]
#[derive(Accounts)]
pub struct RegisterNode<'info> {
    /// Owns the node and pays its rent.
    #[account(mut)]
    pub operator: Signer<'info>,
    /// Signs too, so that nobody can register a key that is not theirs.
    pub node_key: Signer<'info>,
    #[account(seeds = [seeds::NETWORK], bump = network.bump)]
    pub network: Box<Account<'info, Network>>,
    #[account(
        init,
        payer = operator,
        space = Node::DISCRIMINATOR.len() + Node::INIT_SPACE,
        seeds = [seeds::NODE, node_key.key().as_ref()],
        bump
    )]
    pub node: Box<Account<'info, Node>>,
    /// Receives the operator's share.
    #[account(token::mint = network.payment_mint)]
    pub payout: Box<Account<'info, TokenAccount>>,
    pub system_program: Program<'info, System>,
}

impl RegisterNode<'_> {
    pub fn handle(ctx: Context<RegisterNode>, profile: NodeProfile) -> Result<()> {
        profile.validate()?;
        let accounts = &mut *ctx.accounts;
        require!(!accounts.network.is_paused(pause::REGISTER), RegistryError::RegistrationsPaused);
        // A hot node key must not be able to move the operator's money, nor receive it.
        require_keys_neq!(
            accounts.node_key.key(),
            accounts.operator.key(),
            RegistryError::KeysNotDistinct
        );
        check_payout(&accounts.payout, &accounts.node_key.key(), &accounts.network)?;
        let now = Clock::get()?.unix_timestamp;
        let mut node = Node {
            version: Node::VERSION,
            bump: ctx.bumps.node,
            status: NodeStatus::Pending,
            node_key: accounts.node_key.key(),
            operator: accounts.operator.key(),
            payout: accounts.payout.key(),
            services: 0,
            prices_micro_usdc: Default::default(),
            country: Default::default(),
            attestation_class: 0,
            capacity: 0,
            private_app: Pubkey::default(),
            stake: 0,
            registered_at: now,
            status_changed_at: now,
            jailed_until: 0,
            region: String::new(),
            endpoint: String::new(),
            reserved: [0; 128],
        };
        profile.apply(&mut node);
        accounts.node.set_inner(node);
        let node = &ctx.accounts.node;
        emit_cpi!(NodeRegistered {
            node: node.key(),
            node_key: node.node_key,
            operator: node.operator,
            payout: node.payout,
            services: node.services,
            prices_micro_usdc: node.prices_micro_usdc,
            country: node.country,
            registered_at: now,
        });
        Ok(())
    }
}
