//! Vouchers: an app's signed promise to pay for a session up to an amount.

use crate::Address;
use crate::domain::{Message, MessageKind};
use crate::hash::Hash;
use borsh::{BorshDeserialize, BorshSerialize};

/// The newest voucher of a session replaces all earlier ones. The app's voucher signer signs its
/// canonical bytes; the settlement program takes them from the ed25519 precompile.
///
/// The amount is cumulative per session, not per channel: sessions of one channel then need no
/// common order, and a session's cap binds its voucher (docs/decisions/0004).
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Voucher {
    /// Channel account: names app, node and incarnation.
    pub channel: Address,
    /// Session account.
    pub session: Address,
    /// Ordinal of the receipt this voucher answers.
    pub sequence: u32,
    /// What the session owes in all, from its first minute on.
    pub cumulative_micro_usdc: u64,
    /// Hash of that receipt's canonical bytes.
    pub receipt_hash: Hash,
}

impl Message for Voucher {
    const KIND: MessageKind = MessageKind::Voucher;
}

/// Length of a voucher's canonical bytes, the same for all.
pub const VOUCHER_LEN: usize = crate::domain::PREFIX_LEN + 32 + 32 + 4 + 8 + 32;
