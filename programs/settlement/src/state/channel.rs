use super::Totals;
use anchor_lang::prelude::*;

/// The totals between an app and a node. PDA `[seeds::CHANNEL, app, node, incarnation]`.
///
/// Numbers lie at multiples of their size, so that [`ChannelView`](super::ChannelView) can be laid
/// over the bytes.
#[account]
#[derive(Debug, InitSpace)]
pub struct Channel {
    /// Layout version, 1.
    pub version: u8,
    pub bump: u8,
    /// Zero.
    pub spare: [u8; 2],
    /// Sessions whose accounts exist.
    pub sessions_open: u32,
    pub app: Pubkey,
    /// The registry's node account.
    pub node: Pubkey,
    /// Tells this channel from earlier ones of the same app and node.
    pub incarnation: u64,
    /// Over all of its sessions.
    pub totals: Totals,
    /// Ordinal of the next session; never goes back, so no session address returns.
    pub next_ordinal: u64,
    pub opened_at: i64,
    /// Part of the app's deposit that vouchers of this channel alone are paid from, when the escrow
    /// has nothing else left.
    pub bond_micro_usdc: u64,
    /// Unix time until which a voucher of a session opened so far could be redeemed, as agreed at
    /// the opening; ending one early does not bring it forward.
    pub bond_until: i64,
    /// For later fields; zero.
    pub reserved: [u8; 48],
}

impl Channel {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;

    /// Takes note of a session that was opened: its vouchers can be redeemed until then.
    pub fn back_until(&mut self, redeemable_until: i64) {
        self.bond_until = self.bond_until.max(redeemable_until);
    }

    /// Whether nobody can be paid from the bond any more: there is no session, or none whose
    /// vouchers could still be redeemed.
    pub fn is_bond_free(&self, now: i64) -> bool {
        self.sessions_open == 0 || now > self.bond_until
    }
}
