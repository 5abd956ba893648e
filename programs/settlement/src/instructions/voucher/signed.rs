//! Reading the voucher that the ed25519 precompile has just verified.

use crate::error::SettlementError;
use crate::state::Session;
use anchor_lang::prelude::*;
use heliograph_protocol::domain::{Domain, Message};
use heliograph_protocol::ed25519;
use heliograph_protocol::hash::{Hash, sha256};
use heliograph_protocol::voucher::Voucher;
use solana_instructions_sysvar::get_instruction_relative;

/// The voucher in the ed25519 instruction before this one, and its hash. The runtime has verified
/// its signature, or this transaction would not have come so far; here is checked *whose* signature
/// it is and over *what*.
pub(crate) fn signed_voucher(
    instructions: &AccountInfo<'_>,
    domain: &Domain,
    address: &Pubkey,
    session: &Session,
) -> Result<(Voucher, Hash)> {
    let before = get_instruction_relative(-1, instructions)
        .map_err(|_| error!(SettlementError::NoSignatureInstruction))?;
    require_keys_eq!(
        before.program_id,
        solana_sdk_ids::ed25519_program::ID,
        SettlementError::NoSignatureInstruction
    );
    let verified = ed25519::single_signature(&before.data)
        .ok_or(SettlementError::SignatureInstructionInvalid)?;
    require!(
        *verified.public_key == session.voucher_signer.to_bytes(),
        SettlementError::OtherVoucherSigner
    );
    let voucher = Voucher::from_signing_bytes(verified.message, domain)
        .map_err(|_| error!(SettlementError::NotAVoucher))?;
    require!(voucher.channel == session.channel.to_bytes(), SettlementError::VoucherOtherChannel);
    require!(voucher.session == address.to_bytes(), SettlementError::VoucherOtherSession);
    Ok((voucher, sha256(&[verified.message])))
}
