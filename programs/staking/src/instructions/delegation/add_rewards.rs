use crate::error::StakingError;
use crate::events::RewardsAdded;
use crate::seeds;
use crate::state::Position;
use anchor_lang::prelude::*;
use anchor_spl::associated_token::get_associated_token_address;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};
use heliograph_registry::state::Network;

#[event_cpi]
#[derive(Accounts)]
pub struct AddRewards<'info> {
    /// Whoever pays the reward; most often the node's operator.
    pub funder: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(
        mut,
        seeds = [seeds::POSITION, position.subject.as_ref()],
        bump = position.bump
    )]
    pub position: Box<Account<'info, Position>>,
    #[account(address = network.payment_mint @ StakingError::OtherMint)]
    pub payment_mint: Box<Account<'info, Mint>>,
    /// The standard token account of the position for the payment mint; anybody can make it.
    #[account(
        mut,
        address = get_associated_token_address(&position.key(), &payment_mint.key())
            @ StakingError::OtherRewardsVault
    )]
    pub rewards_vault: Box<Account<'info, TokenAccount>>,
    /// Where the reward comes from.
    #[account(mut, constraint = source.mint == payment_mint.key() @ StakingError::OtherMint)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl AddRewards<'_> {
    pub fn handle(ctx: Context<AddRewards>, amount_micro_usdc: u64) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        accounts.position.reward(amount_micro_usdc)?;
        transfer_checked(
            CpiContext::new(
                accounts.token_program.key(),
                TransferChecked {
                    from: accounts.source.to_account_info(),
                    mint: accounts.payment_mint.to_account_info(),
                    to: accounts.rewards_vault.to_account_info(),
                    authority: accounts.funder.to_account_info(),
                },
            ),
            amount_micro_usdc,
            accounts.payment_mint.decimals,
        )?;
        emit_cpi!(RewardsAdded {
            position: ctx.accounts.position.key(),
            amount_micro_usdc,
            reward_per_share: ctx.accounts.position.reward_per_share,
        });
        Ok(())
    }
}
