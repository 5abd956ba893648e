//! Tokens out of an escrow's vault.

use crate::seeds;
use crate::state::Escrow;
use anchor_lang::prelude::*;
use anchor_spl::token::{Mint, Token, Transfer, TransferChecked, transfer, transfer_checked};

/// Pays `amount` from an escrow's vault, signed by the escrow; nothing of nothing. The token program
/// refuses another mint than the vault's by itself; whoever has the mint's account at hand gives
/// it, and has the decimals checked too.
pub(crate) fn pay_from_vault<'info>(
    escrow: &Account<'info, Escrow>,
    vault: AccountInfo<'info>,
    to: AccountInfo<'info>,
    mint: Option<&Account<'info, Mint>>,
    token_program: &Program<'info, Token>,
    amount: u64,
) -> Result<()> {
    if amount == 0 {
        return Ok(());
    }
    let signer: &[&[&[u8]]] = &[&[seeds::ESCROW, escrow.app.as_ref(), &[escrow.bump]]];
    let (program, authority) = (token_program.key(), escrow.to_account_info());
    match mint {
        Some(mint) => {
            let (decimals, mint) = (mint.decimals, mint.to_account_info());
            let accounts = TransferChecked { from: vault, mint, to, authority };
            let context = CpiContext::new_with_signer(program, accounts, signer);
            transfer_checked(context, amount, decimals)
        }
        None => {
            let accounts = Transfer { from: vault, to, authority };
            transfer(CpiContext::new_with_signer(program, accounts, signer), amount)
        }
    }
}
