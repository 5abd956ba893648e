use crate::error::SettlementError;
use crate::events::ChallengeFailed;
use crate::seeds;
use crate::state::{Book, Challenge, ChallengeStatus, Ring};
use anchor_lang::prelude::*;
use anchor_spl::token::{CloseAccount, Token, TokenAccount, Transfer, close_account, transfer};

/// Says that nobody has answered in time. Anyone may.
#[event_cpi]
#[derive(Accounts)]
pub struct FailChallenge<'info> {
    #[account(mut)]
    pub book: AccountLoader<'info, Book>,
    #[account(
        mut,
        constraint = challenge.book == book.key() @ SettlementError::OtherBook,
        constraint = challenge.status == ChallengeStatus::Open
            @ SettlementError::ChallengeHasFailed
    )]
    pub challenge: Box<Account<'info, Challenge>>,
    /// CHECK: gets the rent of the bond's account back; the challenge names it.
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
    /// Where the bond came from.
    #[account(mut, address = challenge.refund @ SettlementError::OtherPayee)]
    pub refund: Box<Account<'info, TokenAccount>>,
    pub token_program: Program<'info, Token>,
}

impl FailChallenge<'_> {
    pub fn handle(ctx: Context<FailChallenge>) -> Result<()> {
        let now = Clock::get()?.unix_timestamp;
        let accounts = &mut *ctx.accounts;
        require_gt!(now, accounts.challenge.deadline, SettlementError::ResponseTimeLeft);
        let claimed_micro_usdc = {
            let info = accounts.book.to_account_info();
            let mut data = info.try_borrow_mut_data()?;
            Ring::over(&mut data)?.void(accounts.challenge.minute_index, now)?
        };
        let bond_micro_usdc = pay_bond(
            &accounts.challenge,
            &accounts.bond,
            accounts.refund.to_account_info(),
            accounts.challenger.to_account_info(),
            &accounts.token_program,
        )?;
        let challenge = &mut accounts.challenge;
        challenge.status = ChallengeStatus::Failed;
        challenge.failed_at = now;
        challenge.claimed_micro_usdc = claimed_micro_usdc;
        emit_cpi!(ChallengeFailed {
            challenge: ctx.accounts.challenge.key(),
            book: ctx.accounts.book.key(),
            keeper: ctx.accounts.challenge.keeper,
            minute_index: ctx.accounts.challenge.minute_index,
            index: ctx.accounts.challenge.index,
            challenger: ctx.accounts.challenge.challenger,
            failed_at: now,
            claimed_micro_usdc,
            bond_micro_usdc,
        });
        Ok(())
    }
}

/// Pays all that a bond's account holds, what strangers have sent to it included, closes it, and
/// returns the amount. A mint that could freeze it could do so with any vault.
pub(super) fn pay_bond<'info>(
    challenge: &Account<'info, Challenge>,
    bond: &AccountInfo<'info>,
    to: AccountInfo<'info>,
    rent_to: AccountInfo<'info>,
    token_program: &Program<'info, Token>,
) -> Result<u64> {
    let amount = TokenAccount::try_deserialize(&mut &bond.try_borrow_data()?[..])?.amount;
    let (minute_index, index) =
        (challenge.minute_index.to_le_bytes(), challenge.index.to_le_bytes());
    let signer: &[&[&[u8]]] =
        &[&[seeds::CHALLENGE, challenge.book.as_ref(), &minute_index, &index, &[challenge.bump]]];
    let authority = challenge.to_account_info();
    let accounts = Transfer { from: bond.to_account_info(), to, authority: authority.clone() };
    transfer(CpiContext::new_with_signer(token_program.key(), accounts, signer), amount)?;
    let accounts =
        CloseAccount { account: bond.to_account_info(), destination: rent_to, authority };
    close_account(CpiContext::new_with_signer(token_program.key(), accounts, signer))?;
    Ok(amount)
}
