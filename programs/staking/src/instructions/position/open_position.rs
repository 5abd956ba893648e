use crate::error::StakingError;
use crate::events::PositionOpened;
use crate::seeds;
use crate::state::{Position, Role, UNBONDING_SLOTS, Unbonding};
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_registry::state::{Network, Subject};

#[event_cpi]
#[derive(Accounts)]
pub struct OpenPosition<'info> {
    /// Owns the position from now on and pays its rent; must own the subject.
    #[account(mut)]
    pub owner: Signer<'info>,
    #[account(
        constraint = network.staking_program == crate::ID @ StakingError::OtherStakingProgram
    )]
    pub network: Box<Account<'info, Network>>,
    /// CHECK: a node or a keeper; `Subject::load` tells which and refuses everything else.
    pub subject: UncheckedAccount<'info>,
    #[account(
        init,
        payer = owner,
        space = Position::DISCRIMINATOR.len() + Position::INIT_SPACE,
        seeds = [seeds::POSITION, subject.key().as_ref()],
        bump
    )]
    pub position: Box<Account<'info, Position>>,
    /// The payment mint for a settler, else the stake mint.
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = owner,
        seeds = [seeds::VAULT, position.key().as_ref()],
        bump,
        token::mint = mint,
        token::authority = position
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

impl OpenPosition<'_> {
    pub fn handle(ctx: Context<OpenPosition>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let subject = Subject::load(&accounts.subject)?;
        let (owner, mint) = (accounts.owner.key(), accounts.mint.key());
        require_keys_eq!(subject.owner(), owner, StakingError::NotSubjectOwner);
        require_keys_eq!(subject.stake_mint(&accounts.network), mint, StakingError::OtherMint);
        let role = Role::of(&subject);
        accounts.position.set_inner(Position {
            version: Position::VERSION,
            bump: ctx.bumps.position,
            vault_bump: ctx.bumps.vault,
            role,
            subject: accounts.subject.key(),
            owner,
            mint,
            bonded: 0,
            unbonding: [Unbonding::default(); UNBONDING_SLOTS],
            opened_at: Clock::get()?.unix_timestamp,
            delegated: 0,
            delegated_shares: 0,
            undelegating_shares: 0,
            reward_per_share: 0,
            held: 0,
            held_delegated: 0,
            reserved: [0; 112],
        });
        emit_cpi!(PositionOpened {
            position: ctx.accounts.position.key(),
            subject: ctx.accounts.subject.key(),
            owner,
            role,
            mint,
        });
        Ok(())
    }
}
