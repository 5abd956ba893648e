//! Seeds of every address this program derives.

/// `[ESCROW, app]`.
pub const ESCROW: &[u8] = b"escrow";
/// `[VAULT, escrow]`: the tokens of one escrow.
pub const VAULT: &[u8] = b"vault";
/// `[CHANNEL, app, node, incarnation as u64 little-endian]`.
pub const CHANNEL: &[u8] = b"channel";
/// `[SESSION, channel, ordinal as u64 little-endian]`.
pub const SESSION: &[u8] = b"session";
/// `[CHALLENGE, book, minute index as u64 little-endian, leaf index as u32 little-endian]`.
pub const CHALLENGE: &[u8] = b"challenge";
/// `[BOND, challenge]`: the tokens a challenger put down.
pub const BOND: &[u8] = b"bond";
/// The seed, from a settler's keeper key, of its book's address. No PDA: a program cannot make an
/// account of that size by itself.
pub const BOOK: &str = "book";
/// `[RESTORER]` of the slashing program: the signer of `restore`, and the owner of what it pays.
pub const RESTORER: &[u8] = b"restorer";
