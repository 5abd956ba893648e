use crate::error::StakingError;
use crate::events::StakeDeposited;
use crate::recorder::*;
use crate::seeds;
use crate::state::Position;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};
use heliograph_registry::state::Network;

#[event_cpi]
#[derive(Accounts)]
pub struct Deposit<'info> {
    pub owner: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    /// CHECK: the node or keeper of the position; the registry records its stake.
    #[account(mut, address = position.subject @ StakingError::OtherSubject)]
    pub subject: UncheckedAccount<'info>,
    #[account(
        mut,
        has_one = owner @ StakingError::NotOwner,
        seeds = [seeds::POSITION, position.subject.as_ref()],
        bump = position.bump
    )]
    pub position: Box<Account<'info, Position>>,
    #[account(address = position.mint @ StakingError::OtherMint)]
    pub mint: Box<Account<'info, Mint>>,
    #[account(
        mut,
        seeds = [seeds::VAULT, position.key().as_ref()],
        bump = position.vault_bump
    )]
    pub vault: Box<Account<'info, TokenAccount>>,
    /// Where the stake comes from.
    #[account(mut, constraint = source.mint == mint.key() @ StakingError::OtherMint)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub recorder: Recorder<'info>,
    pub token_program: Program<'info, Token>,
}

impl Deposit<'_> {
    pub fn handle(ctx: Context<Deposit>, amount: u64) -> Result<()> {
        let RecorderBumps { stake_recorder } = ctx.bumps.recorder;
        let accounts = &mut *ctx.accounts;
        accounts.position.bond(amount)?;
        transfer_checked(
            CpiContext::new(
                accounts.token_program.key(),
                TransferChecked {
                    from: accounts.source.to_account_info(),
                    mint: accounts.mint.to_account_info(),
                    to: accounts.vault.to_account_info(),
                    authority: accounts.owner.to_account_info(),
                },
            ),
            amount,
            accounts.mint.decimals,
        )?;
        accounts.recorder.record(
            stake_recorder,
            accounts.network.to_account_info(),
            accounts.subject.to_account_info(),
            accounts.position.bonded,
        )?;
        emit_cpi!(StakeDeposited {
            position: ctx.accounts.position.key(),
            amount,
            bonded: ctx.accounts.position.bonded,
        });
        Ok(())
    }
}
