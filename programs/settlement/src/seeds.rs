//! Seeds of every address this program derives.

/// `[ESCROW, app]`.
pub const ESCROW: &[u8] = b"escrow";
/// `[VAULT, escrow]`: the tokens of one escrow.
pub const VAULT: &[u8] = b"vault";
/// `[CHANNEL, app, node, incarnation as u64 little-endian]`.
pub const CHANNEL: &[u8] = b"channel";
/// `[SESSION, channel, ordinal as u64 little-endian]`.
pub const SESSION: &[u8] = b"session";
