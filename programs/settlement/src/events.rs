//! What happened, for those who rebuild the accounts from history. Fields are only ever appended;
//! totals are those after the event.

use anchor_lang::prelude::*;
use heliograph_protocol::service::SERVICE_COUNT;

#[event]
#[derive(Clone, Debug)]
pub struct EscrowOpened {
    pub escrow: Pubkey,
    pub app: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct EscrowDeposited {
    pub escrow: Pubkey,
    pub amount_micro_usdc: u64,
    pub deposited_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct WithdrawalRequested {
    pub escrow: Pubkey,
    pub amount_micro_usdc: u64,
    pub available_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct WithdrawalCancelled {
    pub escrow: Pubkey,
    pub amount_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct EscrowWithdrawn {
    pub escrow: Pubkey,
    pub requested_micro_usdc: u64,
    pub amount_micro_usdc: u64,
    pub withdrawn_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct ChannelOpened {
    pub channel: Pubkey,
    pub app: Pubkey,
    pub node: Pubkey,
    pub incarnation: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct ChannelClosed {
    pub channel: Pubkey,
    pub settled_micro_usdc: u64,
    pub paid_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct SessionOpened {
    pub session: Pubkey,
    pub channel: Pubkey,
    pub ordinal: u64,
    pub services: u8,
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    pub cap_micro_usdc: u64,
    pub voucher_signer: Pubkey,
    pub opened_at: i64,
    pub expires_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct SessionEnded {
    pub session: Pubkey,
    pub old_expires_at: i64,
    pub expires_at: i64,
    pub redeemable_until: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct SessionClosed {
    pub session: Pubkey,
    pub channel: Pubkey,
    pub settled_micro_usdc: u64,
    pub paid_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct VoucherRedeemed {
    pub session: Pubkey,
    pub channel: Pubkey,
    pub escrow: Pubkey,
    /// Ordinal and hash of the receipt the voucher answers.
    pub sequence: u32,
    pub receipt_hash: [u8; 32],
    /// What the voucher promises in all.
    pub voucher_micro_usdc: u64,
    /// What this payment is, and its parts.
    pub amount_micro_usdc: u64,
    pub operator_micro_usdc: u64,
    pub treasury_micro_usdc: u64,
    /// The session's, the channel's and the escrow's totals.
    pub session_paid_micro_usdc: u64,
    pub channel_paid_micro_usdc: u64,
    pub escrow_paid_micro_usdc: u64,
}
