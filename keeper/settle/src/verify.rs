//! Whether what a node shows is what the session's app has signed. Pure.

use heliograph_client::evidence::is_genuine;
use heliograph_client::pda;
use heliograph_client::vouchers::VoucheredMinute;
use heliograph_protocol::domain::{DecodeError, Domain};
use heliograph_protocol::receipt::Receipt;
use heliograph_protocol::record::records_root;
use heliograph_protocol::voucher::Voucher;
use heliograph_settlement::state::Session;
use heliograph_store::Collected;
use solana_pubkey::Pubkey;

/// Why a minute is no ground for a leaf. An honest node shows none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lie {
    #[error("the voucher is none of this network: {0}")]
    NotAVoucher(DecodeError),
    #[error("the receipt is none of this network: {0}")]
    NotAReceipt(DecodeError),
    #[error("a signature does not verify")]
    Signature,
    #[error("the voucher is not signed by the session's voucher signer")]
    OtherSigner,
    #[error("the receipt is not signed by the session's node")]
    OtherNode,
    #[error("the voucher names another channel than its session's")]
    OtherChannel,
    #[error("the voucher is above the session's cap, or for nothing")]
    Amount,
    #[error("the receipt is not the one that the voucher names")]
    OtherReceipt,
    #[error("the receipt's root is not that of its records")]
    Records,
}

/// The session that a voucher names; says nothing about its signature.
pub fn session_of(minute: &VoucheredMinute, domain: &Domain) -> Result<Pubkey, Lie> {
    let voucher: Voucher = minute.voucher.message(domain).map_err(Lie::NotAVoucher)?;
    Ok(Pubkey::from(voucher.session))
}

/// Checks a minute against the account of the session that its voucher names.
pub fn check(
    minute: &VoucheredMinute,
    domain: &Domain,
    session: &Session,
) -> Result<Collected, Lie> {
    let (signed, receipt_signed) = (&minute.voucher, &minute.receipt.signed);
    let voucher: Voucher = signed.message(domain).map_err(Lie::NotAVoucher)?;
    if signed.public_key != session.voucher_signer.to_bytes() {
        return Err(Lie::OtherSigner);
    }
    if voucher.channel != session.channel.to_bytes() {
        return Err(Lie::OtherChannel);
    }
    if !(1..=session.cap_micro_usdc).contains(&voucher.cumulative_micro_usdc) {
        return Err(Lie::Amount);
    }
    let receipt: Receipt = receipt_signed.message(domain).map_err(Lie::NotAReceipt)?;
    if pda::node(&Pubkey::from(receipt_signed.public_key)) != session.node {
        return Err(Lie::OtherNode);
    }
    let named = (voucher.channel, voucher.session, voucher.sequence, voucher.cumulative_micro_usdc);
    let found = (receipt.channel, receipt.session, receipt.sequence, receipt.cumulative_micro_usdc);
    if named != found || voucher.receipt_hash != receipt_signed.hash() {
        return Err(Lie::OtherReceipt);
    }
    let records = &minute.receipt.records;
    if u32::try_from(records.len()) != Ok(receipt.records_count)
        || records_root(records) != receipt.records_root
    {
        return Err(Lie::Records);
    }
    // Last, because it is what costs most.
    if !is_genuine(signed) || !is_genuine(receipt_signed) {
        return Err(Lie::Signature);
    }
    Ok(Collected {
        app: session.app.to_bytes(),
        node: session.node.to_bytes(),
        voucher,
        signed: signed.clone(),
    })
}

#[cfg(test)]
mod tests;
