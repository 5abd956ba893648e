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
pub struct BondPosted {
    pub channel: Pubkey,
    pub escrow: Pubkey,
    pub amount_micro_usdc: u64,
    /// The channel's bond, and the sum of all that the escrow has.
    pub channel_bond_micro_usdc: u64,
    pub escrow_bonded_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct BondReleased {
    pub channel: Pubkey,
    pub escrow: Pubkey,
    pub amount_micro_usdc: u64,
    /// The sum of all bonds that the escrow still has.
    pub escrow_bonded_micro_usdc: u64,
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
    /// What of the payment the channel's bond gave, because the escrow had nothing else left; and
    /// what is left of it and of all bonds.
    pub from_bond_micro_usdc: u64,
    pub channel_bond_micro_usdc: u64,
    pub escrow_bonded_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct VoucherProven {
    pub session: Pubkey,
    /// Ordinal and hash of the receipt the voucher answers.
    pub sequence: u32,
    pub receipt_hash: [u8; 32],
    pub proven_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct BookOpened {
    pub book: Pubkey,
    pub keeper: Pubkey,
    pub rent_payer: Pubkey,
    pub slots: u32,
    pub opened_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct BookClosed {
    pub book: Pubkey,
    pub keeper: Pubkey,
    /// The settler's chain up to its last batch.
    pub chain: [u8; 32],
}

#[event]
#[derive(Clone, Debug)]
pub struct BatchPosted {
    pub book: Pubkey,
    pub keeper: Pubkey,
    pub minute_index: u64,
    pub root: [u8; 32],
    pub count: u32,
    pub total_micro_usdc: u64,
    pub posted_at: i64,
    /// The settler's chain up to this batch.
    pub chain: [u8; 32],
    pub exposure_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct BatchesReleased {
    pub book: Pubkey,
    /// How many.
    pub released: u32,
    pub exposure_micro_usdc: u64,
}

/// What each leaf was paid follows from the instruction and the accounts before it: the leaves are
/// its argument, their sessions its last accounts in the same order, and escrow and batch pay them
/// one after the other as long as they hold anything (`SessionView::claim`). So do the sessions'
/// records, with the time that stands here.
#[event]
#[derive(Clone, Debug)]
pub struct BatchClaimed {
    pub book: Pubkey,
    pub keeper: Pubkey,
    pub minute_index: u64,
    /// The leaves: position of the first, and how many.
    pub first_index: u32,
    pub leaves: u32,
    pub channel: Pubkey,
    pub escrow: Pubkey,
    /// What this payment is, and its parts.
    pub amount_micro_usdc: u64,
    pub operator_micro_usdc: u64,
    pub settler_micro_usdc: u64,
    pub treasury_micro_usdc: u64,
    /// The batch's, the channel's and the escrow's totals.
    pub batch_claimed_micro_usdc: u64,
    pub channel_paid_micro_usdc: u64,
    pub escrow_paid_micro_usdc: u64,
    /// Unix time at which what was paid goes on record.
    pub claimed_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct ChallengeOpened {
    pub challenge: Pubkey,
    pub book: Pubkey,
    pub keeper: Pubkey,
    pub minute_index: u64,
    pub index: u32,
    pub challenger: Pubkey,
    pub bond_micro_usdc: u64,
    pub opened_at: i64,
    pub deadline: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct ChallengeAnswered {
    pub challenge: Pubkey,
    pub book: Pubkey,
    pub minute_index: u64,
    pub index: u32,
    pub session: Pubkey,
    /// Ordinal and hash of the receipt the voucher answers.
    pub sequence: u32,
    pub receipt_hash: [u8; 32],
    /// What the voucher promises in all, and the highest amount shown for the session.
    pub cumulative_micro_usdc: u64,
    pub proven_micro_usdc: u64,
    /// What the settler got.
    pub bond_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct ChallengeFailed {
    pub challenge: Pubkey,
    pub book: Pubkey,
    pub keeper: Pubkey,
    pub minute_index: u64,
    pub index: u32,
    pub challenger: Pubkey,
    pub failed_at: i64,
    /// What the batch had paid.
    pub claimed_micro_usdc: u64,
    /// What the challenger got back.
    pub bond_micro_usdc: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct ChallengeClosed {
    pub challenge: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct ClaimRestored {
    pub session: Pubkey,
    pub escrow: Pubkey,
    pub settler: Pubkey,
    pub amount_micro_usdc: u64,
    pub deposited_micro_usdc: u64,
}
