use crate::error::StakingError;
use crate::events::RewardsClaimed;
use crate::seeds;
use crate::state::{Delegation, Position};
use crate::vault::pay;
use anchor_lang::prelude::*;
use anchor_spl::associated_token::get_associated_token_address;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_registry::state::Network;

#[event_cpi]
#[derive(Accounts)]
pub struct ClaimRewards<'info> {
    pub delegator: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(seeds = [seeds::POSITION, position.subject.as_ref()], bump = position.bump)]
    pub position: Box<Account<'info, Position>>,
    #[account(
        mut,
        has_one = delegator @ StakingError::NotDelegator,
        has_one = position @ StakingError::OtherPosition,
        seeds = [
            seeds::DELEGATION,
            delegation.position.as_ref(),
            delegation.delegator.as_ref()
        ],
        bump = delegation.bump
    )]
    pub delegation: Box<Account<'info, Delegation>>,
    #[account(address = network.payment_mint @ StakingError::OtherMint)]
    pub payment_mint: Box<Account<'info, Mint>>,
    /// The standard token account of the position for the payment mint; anybody can make it.
    #[account(
        mut,
        address = get_associated_token_address(&position.key(), &payment_mint.key())
            @ StakingError::OtherRewardsVault
    )]
    pub rewards_vault: Box<Account<'info, TokenAccount>>,
    /// Where the rewards go; any account of the payment mint that the delegator names.
    #[account(mut, constraint = destination.mint == payment_mint.key() @ StakingError::OtherMint)]
    pub destination: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl ClaimRewards<'_> {
    pub fn handle(ctx: Context<ClaimRewards>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.delegation.count_rewards(&accounts.position)?;
        let amount_micro_usdc = accounts.delegation.take_rewards()?;
        pay(
            &accounts.position,
            (&accounts.rewards_vault, &accounts.payment_mint),
            &accounts.destination,
            &accounts.token_program,
            amount_micro_usdc,
        )?;
        let delegation = ctx.accounts.delegation.key();
        emit_cpi!(RewardsClaimed { delegation, amount_micro_usdc });
        Ok(())
    }
}
