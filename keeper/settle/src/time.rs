//! The wall clock, in one place. It dates records; what is due, the chain's clock says.

use std::time::{SystemTime, UNIX_EPOCH};

/// Unix time in ms.
pub fn unix_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}
