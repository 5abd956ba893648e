//! Whether live streams are served in time, and what follows if they are not: the log says so and
//! new streams are refused until it is over. Texts that may change are given up before, by the
//! order of [`super::schedule`].

use std::time::{Duration, Instant};

/// What a live stream may have to wait at most.
const LATE_MAX: Duration = Duration::from_secs(1);

/// New streams are refused for this long after a stream was late, and the log repeats itself as
/// seldom.
const HOLD: Duration = Duration::from_secs(5);

/// See the module.
#[derive(Debug, Default)]
pub struct Lateness {
    /// When a stream was last late, and by how much at worst since the log was last written.
    last: Option<(Instant, Duration)>,
    logged: Option<Instant>,
}

impl Lateness {
    /// Takes the worst wait of all live streams.
    pub fn note(&mut self, worst: Duration, streams: usize, now: Instant) {
        if worst <= LATE_MAX {
            if self.last.is_some_and(|(at, _)| now >= at + HOLD) {
                tracing::info!(streams, "live streams are served in time again");
                *self = Self::default();
            }
            return;
        }
        let before = self.last.map_or(Duration::ZERO, |(_, worst)| worst);
        self.last = Some((now, worst.max(before)));
        if self.logged.is_none_or(|at| now >= at + HOLD) {
            let late_ms = worst.max(before).as_millis() as u64;
            tracing::warn!(streams, late_ms, "live streams are served late");
            self.logged = Some(now);
            self.last = Some((now, worst));
        }
    }

    /// By how many milliseconds streams are or were just served late, if they were.
    pub fn refuses(&self, now: Instant) -> Option<u64> {
        let (at, worst) = self.last?;
        (now < at + HOLD).then_some(worst.as_millis() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_refused_until_a_while_after_the_last_late_one() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut lateness = Lateness::default();
        lateness.note(Duration::from_millis(1_000), 8, at(0));
        assert_eq!(lateness.refuses(at(0)), None, "in time");
        lateness.note(Duration::from_millis(1_001), 8, at(10));
        lateness.note(Duration::from_millis(1_400), 8, at(20));
        lateness.note(Duration::ZERO, 8, at(30));
        assert_eq!(lateness.refuses(at(30)), Some(1_400));
        assert_eq!(lateness.refuses(at(5_019)), Some(1_400));
        assert_eq!(lateness.refuses(at(5_020)), None);
        lateness.note(Duration::ZERO, 8, at(5_020));
        lateness.note(Duration::from_millis(1_200), 8, at(9_000));
        assert_eq!(lateness.refuses(at(9_000)), Some(1_200), "the old figure is forgotten");
    }
}
