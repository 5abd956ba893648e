//! The wall clock, in one place, and waiting.

use std::time::{SystemTime, UNIX_EPOCH};
use tokio::time::{Instant, sleep_until};

/// Unix time in ms.
pub fn unix_ms() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

/// Unix time in s.
pub fn unix_secs() -> u64 {
    unix_ms() / 1_000
}

/// Sleeps until then; for ever if there is no such time.
pub async fn until(at: Option<Instant>) {
    match at {
        Some(at) => sleep_until(at).await,
        None => std::future::pending().await,
    }
}
