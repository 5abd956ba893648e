//! How much a connection may say.

use std::time::Instant;

/// Requests a second that a connection may make in the long run. A call in full swing makes a few.
const PER_SEC: f64 = 50.0;
/// How many at once: joining a room of 500 with adaptive streams asks about each track.
const BURST: f64 = 2_000.0;

/// A bucket of permissions that fills with time.
#[derive(Debug)]
pub(super) struct Rate {
    left: f64,
    at: Instant,
}

impl Rate {
    pub(super) fn new(now: Instant) -> Self {
        Self { left: BURST, at: now }
    }

    /// Takes a permission, if there is one.
    pub(super) fn allow(&mut self, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + since * PER_SEC).min(BURST);
        if self.left < 1.0 {
            return false;
        }
        self.left -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn burst_is_allowed_and_a_flood_is_not() {
        let start = Instant::now();
        let mut rate = Rate::new(start);
        let allowed = (0..10_000).filter(|_| rate.allow(start)).count();
        assert_eq!(allowed, 2_000);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..10_000).filter(|_| rate.allow(later)).count(), 50);
    }
}
