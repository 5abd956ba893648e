//! Builders for every instruction of the programs.
//!
//! Each takes what only the caller can know and derives the rest. Signers are those of the
//! program's accounts struct: payer and authority are the same key unless stated.

pub mod registry;
pub mod reputation;
pub mod settlement;
pub mod slashing;
pub mod staking;
pub mod token;

use anchor_lang::{InstructionData, ToAccountMetas};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;

/// Puts a program's generated accounts and arguments together.
fn build(
    program: Pubkey,
    accounts: impl ToAccountMetas,
    data: impl InstructionData,
) -> Instruction {
    Instruction {
        program_id: program,
        accounts: accounts.to_account_metas(None),
        data: data.data(),
    }
}
