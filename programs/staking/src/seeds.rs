//! Seeds of every address this program derives.

/// `[POSITION, subject]`: the stake behind a registry account.
pub const POSITION: &[u8] = b"position";
/// `[VAULT, position]`: the tokens of one position.
pub const VAULT: &[u8] = b"vault";
/// `[DELEGATION, position, delegator]`.
pub const DELEGATION: &[u8] = b"delegation";
/// `[SLASHER]` of the slashing program: the signer of `slash`.
pub const SLASHER: &[u8] = b"slasher";
pub use heliograph_registry::seeds::STAKE_RECORDER;
