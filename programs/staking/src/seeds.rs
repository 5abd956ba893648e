//! Seeds of every address this program derives.

/// `[POSITION, subject]`: the stake behind a registry account.
pub const POSITION: &[u8] = b"position";
/// `[VAULT, position]`: the tokens of one position.
pub const VAULT: &[u8] = b"vault";
pub use heliograph_registry::seeds::STAKE_RECORDER;
