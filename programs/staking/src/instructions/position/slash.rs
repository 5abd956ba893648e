use crate::error::StakingError;
use crate::events::StakeSlashed;
use crate::recorder::*;
use crate::seeds;
use crate::state::Position;
use crate::vault::pay;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount};
use heliograph_registry::state::Network;

#[event_cpi]
#[derive(Accounts)]
pub struct Slash<'info> {
    /// A PDA that only the slashing program can sign for.
    #[account(seeds = [seeds::SLASHER], bump, seeds::program = network.slashing_program)]
    pub slasher: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    /// CHECK: the node or keeper of the position; the registry records its stake.
    #[account(mut, address = position.subject @ StakingError::OtherSubject)]
    pub subject: UncheckedAccount<'info>,
    #[account(
        mut,
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
    /// Where the stake goes; whoever the slashing program names.
    #[account(mut, constraint = destination.mint == mint.key() @ StakingError::OtherMint)]
    pub destination: Box<Account<'info, TokenAccount>>,
    pub recorder: Recorder<'info>,
    pub token_program: Program<'info, Token>,
}

impl Slash<'_> {
    /// Returns what was really taken.
    pub fn handle(ctx: Context<Slash>, requested: u64) -> Result<u64> {
        let RecorderBumps { stake_recorder } = ctx.bumps.recorder;
        let accounts = &mut *ctx.accounts;
        let amount = accounts.position.slash(requested).total();
        pay(
            &accounts.position,
            (&accounts.vault, &accounts.mint),
            &accounts.destination,
            &accounts.token_program,
            amount,
        )?;
        accounts.recorder.record(
            stake_recorder,
            accounts.network.to_account_info(),
            accounts.subject.to_account_info(),
            accounts.position.bonded,
        )?;
        let position = &ctx.accounts.position;
        emit_cpi!(StakeSlashed {
            position: position.key(),
            destination: ctx.accounts.destination.key(),
            requested,
            amount,
            bonded: position.bonded,
            unbonding: position.unbonding_total()?,
            delegated: position.delegated,
            held: position.held,
            held_delegated: position.held_delegated,
        });
        Ok(amount)
    }
}
