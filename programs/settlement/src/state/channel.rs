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
    /// For later fields; zero.
    pub reserved: [u8; 64],
}

impl Channel {
    /// Layout version of accounts written by this program.
    pub const VERSION: u8 = 1;
}
