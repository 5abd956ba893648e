//! Seeds of every address this program derives.

/// `[EPOCH, epoch as u64 little-endian]`.
pub const EPOCH: &[u8] = b"epoch";
/// `[OBSERVATION, keeper, epoch as u64 little-endian]`.
pub const OBSERVATION: &[u8] = b"observation";
/// `[TALLY, node, epoch as u64 little-endian]`.
pub const TALLY: &[u8] = b"tally";
/// `[SCORE, node]`.
pub const SCORE: &[u8] = b"score";
/// `[STANDING, keeper]`.
pub const STANDING: &[u8] = b"standing";
