use crate::error::SettlementError;
use crate::events::ChallengeOpened;
use crate::seeds;
use crate::state::{Book, Challenge, ChallengeStatus, Ring};
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};
use heliograph_registry::state::Network;

/// Demands the voucher behind a leaf. By its index, because what lies there may have been withheld.
#[event_cpi]
#[derive(Accounts)]
#[instruction(minute_index: u64, index: u32)]
pub struct OpenChallenge<'info> {
    /// Pays bond and rent.
    #[account(mut)]
    pub challenger: Signer<'info>,
    pub network: Box<Account<'info, Network>>,
    #[account(mut)]
    pub book: AccountLoader<'info, Book>,
    #[account(
        init,
        payer = challenger,
        space = Challenge::DISCRIMINATOR.len() + Challenge::INIT_SPACE,
        seeds = [
            seeds::CHALLENGE,
            book.key().as_ref(),
            &minute_index.to_le_bytes(),
            &index.to_le_bytes()
        ],
        bump
    )]
    pub challenge: Box<Account<'info, Challenge>>,
    #[account(address = network.payment_mint @ SettlementError::OtherMint)]
    pub payment_mint: Box<Account<'info, Mint>>,
    #[account(
        init,
        payer = challenger,
        seeds = [seeds::BOND, challenge.key().as_ref()],
        bump,
        token::mint = payment_mint,
        token::authority = challenge
    )]
    pub bond: Box<Account<'info, TokenAccount>>,
    /// Where the bond comes from, and goes back to if nobody answers.
    #[account(mut, constraint = source.mint == payment_mint.key() @ SettlementError::OtherMint)]
    pub source: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
    pub system_program: Program<'info, System>,
}

impl OpenChallenge<'_> {
    pub fn handle(ctx: Context<OpenChallenge>, minute_index: u64, index: u32) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &mut *ctx.accounts;
        let info = accounts.book.to_account_info();
        let bond_micro_usdc = accounts.network.params.challenge_bond_micro_usdc;
        let (keeper, deadline, liability_secs, posted_at) = {
            let mut data = info.try_borrow_mut_data()?;
            let mut ring = Ring::over(&mut data)?;
            let deadline = ring.challenge(minute_index, index, now)?;
            let slot = ring.batch(minute_index)?;
            let (liability_secs, posted_at) = (slot.liability_secs(), slot.posted_at);
            (ring.book.keeper, deadline, liability_secs, posted_at)
        };
        accounts.challenge.set_inner(Challenge {
            version: Challenge::VERSION,
            bump: ctx.bumps.challenge,
            bond_bump: ctx.bumps.bond,
            status: ChallengeStatus::Open,
            book: info.key(),
            keeper,
            minute_index,
            index,
            challenger: accounts.challenger.key(),
            refund: accounts.source.key(),
            bond_micro_usdc,
            opened_at: now,
            deadline,
            failed_at: 0,
            claimed_micro_usdc: 0,
            liability_secs,
            posted_at,
            reserved: [0; 56],
        });
        transfer_checked(
            CpiContext::new(
                accounts.token_program.key(),
                TransferChecked {
                    from: accounts.source.to_account_info(),
                    mint: accounts.payment_mint.to_account_info(),
                    to: accounts.bond.to_account_info(),
                    authority: accounts.challenger.to_account_info(),
                },
            ),
            bond_micro_usdc,
            accounts.payment_mint.decimals,
        )?;
        emit_cpi!(ChallengeOpened {
            challenge: ctx.accounts.challenge.key(),
            book: info.key(),
            keeper,
            minute_index,
            index,
            challenger: ctx.accounts.challenger.key(),
            bond_micro_usdc,
            opened_at: now,
            deadline,
        });
        Ok(())
    }
}
