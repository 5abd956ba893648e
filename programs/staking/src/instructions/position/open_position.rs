use crate::error::StakingError;
use crate::events::PositionOpened;
use crate::seeds;
use crate::state::{Position, Role, UNBONDING_SLOTS, Unbonding};
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_registry::state::{Network, Node};

#[event_cpi]
#[derive(Accounts)]
pub struct OpenPosition<'info> {
    /// Owns the position from now on and pays its rent; must be the node's operator.
    #[account(mut)]
    pub owner: Signer<'info>,
    #[account(
        constraint = network.staking_program == crate::ID @ StakingError::OtherStakingProgram
    )]
    pub network: Box<Account<'info, Network>>,
    #[account(constraint = node.operator == owner.key() @ StakingError::NotOperator)]
    pub node: Box<Account<'info, Node>>,
    #[account(
        init,
        payer = owner,
        space = Position::DISCRIMINATOR.len() + Position::INIT_SPACE,
        seeds = [seeds::POSITION, node.key().as_ref()],
        bump
    )]
    pub position: Box<Account<'info, Position>>,
    #[account(address = network.stake_mint @ StakingError::OtherMint)]
    pub stake_mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = owner,
        seeds = [seeds::VAULT, position.key().as_ref()],
        bump,
        token::mint = stake_mint,
        token::authority = position
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

impl OpenPosition<'_> {
    pub fn handle(ctx: Context<OpenPosition>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.position.set_inner(Position {
            version: Position::VERSION,
            bump: ctx.bumps.position,
            vault_bump: ctx.bumps.vault,
            role: Role::Node,
            subject: accounts.node.key(),
            owner: accounts.owner.key(),
            bonded: 0,
            unbonding: [Unbonding::default(); UNBONDING_SLOTS],
            opened_at: Clock::get()?.unix_timestamp,
            reserved: [0; 128],
        });
        emit_cpi!(PositionOpened {
            position: ctx.accounts.position.key(),
            subject: ctx.accounts.node.key(),
            owner: ctx.accounts.owner.key(),
        });
        Ok(())
    }
}
