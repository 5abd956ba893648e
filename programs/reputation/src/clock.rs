//! The chain's time as the rules know it.

use anchor_lang::prelude::*;

/// Seconds since the Unix epoch; no cluster's clock is before it.
pub fn unix_now() -> Result<u64> {
    Ok(unix(Clock::get()?.unix_timestamp))
}

/// A stored time as the rules know it.
pub fn unix(timestamp: i64) -> u64 {
    u64::try_from(timestamp).unwrap_or(0)
}
