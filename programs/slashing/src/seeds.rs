//! Seeds of every address this program derives.

/// `[RECORD, subject]`: what a node or keeper has been tried for.
pub const RECORD: &[u8] = b"record";
/// `[CASE, subject, number as u32 little-endian]`.
pub const CASE: &[u8] = b"case";
/// `[EXHIBIT, uploader, samples root]`: samples that somebody brings as evidence.
pub const EXHIBIT: &[u8] = b"exhibit";
pub use heliograph_registry::seeds::JAILER;
pub use heliograph_settlement::seeds::RESTORER;
pub use heliograph_staking::seeds::{POSITION, SLASHER, VAULT};
