//! Reading what the ed25519 precompile has just verified.

use crate::error::SlashingError;
use anchor_lang::prelude::*;
use heliograph_protocol::ed25519::signatures;
use solana_instructions_sysvar::get_instruction_relative;

/// The data of the ed25519 instruction before this one. The runtime has verified its signatures, or
/// this transaction would not have come so far.
pub(crate) fn precompile_data(instructions: &AccountInfo<'_>) -> Result<Vec<u8>> {
    let before = get_instruction_relative(-1, instructions)
        .map_err(|_| error!(SlashingError::NoSignatureInstruction))?;
    require_keys_eq!(
        before.program_id,
        solana_sdk_ids::ed25519_program::ID,
        SlashingError::NoSignatureInstruction
    );
    Ok(before.data)
}

/// The `N` messages that `signer` has signed in the instruction.
pub(crate) fn signed_by<'a, const N: usize>(
    data: &'a [u8],
    signer: &Pubkey,
) -> Result<[&'a [u8]; N]> {
    let verified = signatures::<N>(data).ok_or(SlashingError::SignatureInstructionInvalid)?;
    for one in &verified {
        require!(*one.public_key == signer.to_bytes(), SlashingError::OtherSigner);
    }
    Ok(verified.map(|one| one.message))
}
