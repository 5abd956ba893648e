use super::fail_challenge::pay_bond;
use crate::error::SettlementError;
use crate::events::ChallengeAnswered;
use crate::seeds;
use crate::signed_voucher;
use crate::state::{Book, Challenge, ChallengeStatus, Ring, Session};
use anchor_lang::prelude::*;
use anchor_spl::token::{Token, TokenAccount};
use heliograph_protocol::batch::{Leaf, evidence};
use heliograph_protocol::merkle;
use heliograph_registry::state::{Keeper, Network};

/// Shows the voucher behind a challenged leaf. Nobody has to sign: the voucher is the answer, and
/// the leaf follows from it.
#[event_cpi]
#[derive(Accounts)]
pub struct AnswerChallenge<'info> {
    pub network: Box<Account<'info, Network>>,
    #[account(mut)]
    pub book: AccountLoader<'info, Book>,
    #[account(
        mut,
        close = challenger,
        constraint = challenge.book == book.key() @ SettlementError::OtherBook,
        constraint = challenge.status == ChallengeStatus::Open
            @ SettlementError::ChallengeHasFailed
    )]
    pub challenge: Box<Account<'info, Challenge>>,
    /// CHECK: gets the rent back; the challenge names it.
    #[account(mut, address = challenge.challenger @ SettlementError::OtherRentPayer)]
    pub challenger: UncheckedAccount<'info>,
    /// CHECK: the challenger's tokens, an address only this program can have made; whatever is in
    /// it goes. It is gone once the challenge has failed, so its content is read after the status.
    #[account(
        mut,
        seeds = [seeds::BOND, challenge.key().as_ref()],
        bump = challenge.bond_bump
    )]
    pub bond: UncheckedAccount<'info>,
    #[account(address = challenge.keeper @ SettlementError::OtherKeeper)]
    pub keeper: Box<Account<'info, Keeper>>,
    /// The settler's registered payout account: gets the bond.
    #[account(mut, address = keeper.payout @ SettlementError::OtherPayee)]
    pub settler_payout: Box<Account<'info, TokenAccount>>,
    #[account(
        mut,
        seeds = [
            seeds::SESSION,
            session.channel.as_ref(),
            &session.ordinal.to_le_bytes()
        ],
        bump = session.bump
    )]
    pub session: Box<Account<'info, Session>>,
    pub token_program: Program<'info, Token>,
    /// CHECK: the sysvar that shows the transaction's other instructions.
    #[account(address = solana_sdk_ids::sysvar::instructions::ID)]
    pub instructions: UncheckedAccount<'info>,
}

impl AnswerChallenge<'_> {
    pub fn handle(ctx: Context<AnswerChallenge>, proof: Vec<[u8; 32]>) -> Result<()> {
        let accounts = &mut *ctx.accounts;
        let session = accounts.session.key();
        let (voucher, voucher_hash) = signed_voucher(
            &accounts.instructions,
            &accounts.network.domain(),
            &session,
            &accounts.session,
        )?;
        // A leaf says what its voucher says, so there is only one leaf this voucher can stand
        // behind. Whether that is the one in the batch, the proof tells.
        let leaf = Leaf {
            app: accounts.session.app.to_bytes(),
            node: accounts.session.node.to_bytes(),
            session: session.to_bytes(),
            cumulative_micro_usdc: voucher.cumulative_micro_usdc,
            evidence: evidence(&voucher.receipt_hash, &voucher_hash),
        };
        let challenge = &accounts.challenge;
        {
            let info = accounts.book.to_account_info();
            let mut data = info.try_borrow_mut_data()?;
            let mut ring = Ring::over(&mut data)?;
            let slot = ring.batch(challenge.minute_index)?;
            require!(
                merkle::verify(
                    &leaf.hash(),
                    challenge.index as usize,
                    slot.count as usize,
                    &proof,
                    &slot.root
                ),
                SettlementError::ProofInvalid
            );
            ring.answered(challenge.minute_index)?;
        }
        let bond_micro_usdc = pay_bond(
            challenge,
            &accounts.bond,
            accounts.settler_payout.to_account_info(),
            accounts.challenger.to_account_info(),
            &accounts.token_program,
        )?;
        accounts.session.prove(voucher.cumulative_micro_usdc);
        emit_cpi!(ChallengeAnswered {
            challenge: ctx.accounts.challenge.key(),
            book: ctx.accounts.book.key(),
            minute_index: ctx.accounts.challenge.minute_index,
            index: ctx.accounts.challenge.index,
            session,
            sequence: voucher.sequence,
            receipt_hash: voucher.receipt_hash,
            cumulative_micro_usdc: voucher.cumulative_micro_usdc,
            proven_micro_usdc: ctx.accounts.session.proven_micro_usdc,
            bond_micro_usdc,
        });
        Ok(())
    }
}
