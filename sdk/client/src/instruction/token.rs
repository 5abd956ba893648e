//! The few instructions of the token programs that the network's users need.

use crate::pda;
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use spl_associated_token_account_interface::instruction::create_associated_token_account_idempotent;

/// Creates `owner`'s standard token account for `mint`; no error if it exists.
pub fn create_token_account(payer: &Pubkey, owner: &Pubkey, mint: &Pubkey) -> Instruction {
    create_associated_token_account_idempotent(payer, owner, mint, &spl_token_interface::ID)
}

/// Mints `amount` to `owner`'s standard token account; `authority` signs.
pub fn mint_to(
    mint: &Pubkey,
    owner: &Pubkey,
    authority: &Pubkey,
    amount: u64,
) -> Result<Instruction, crate::Error> {
    let account = pda::token_account(owner, mint);
    spl_token_interface::instruction::mint_to(
        &spl_token_interface::ID,
        mint,
        &account,
        authority,
        &[],
        amount,
    )
    .map_err(|error| crate::Error::decode("mint instruction", error))
}
