//! Paying out of the token accounts that a position signs for.

use crate::seeds;
use crate::state::Position;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, TokenAccount, TransferChecked, transfer_checked};

/// Moves `amount` from one of a position's token accounts, its stake or its rewards.
pub fn pay<'info>(
    position: &Account<'info, Position>,
    (from, mint): (&Account<'info, TokenAccount>, &Account<'info, Mint>),
    to: &Account<'info, TokenAccount>,
    token_program: &Program<'info, Token>,
    amount: u64,
) -> Result<()> {
    let signer: &[&[&[u8]]] = &[&[seeds::POSITION, position.subject.as_ref(), &[position.bump]]];
    let accounts = TransferChecked {
        from: from.to_account_info(),
        mint: mint.to_account_info(),
        to: to.to_account_info(),
        authority: position.to_account_info(),
    };
    let call = CpiContext::new_with_signer(token_program.key(), accounts, signer);
    transfer_checked(call, amount, mint.decimals)
}
