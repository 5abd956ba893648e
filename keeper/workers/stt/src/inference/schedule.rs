//! What is decoded next. Pure.
//!
//! 1. The final text of a live stream, the one that has waited longest. That of a file counts as if
//!    it had come [`FILE_PATIENCE`] later: so files never stand still, and never hold up a call by
//!    more than one segment every now and then.
//! 2. A draft: in a pause, what will be the final text unless the speech goes on.
//! 3. The first text of speech under way, then later ones: only when nobody waits for anything that
//!    counts.
//! 4. The final text of a file that can still wait.

use std::time::{Duration, Instant};

/// For how long a file's segment waits while live streams have anything to decode.
pub const FILE_PATIENCE: Duration = Duration::from_secs(2);

/// Kinds of decoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// A segment.
    Final,
    /// A segment that is not certain to be one yet.
    Draft,
    /// Speech under way of which nothing has been shown.
    FirstInterim,
    /// Speech under way.
    Interim,
}

/// Something that could be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// What it is.
    pub task: Task,
    /// Whether somebody waits for it.
    pub is_live: bool,
    /// Since when it could have been.
    pub since: Instant,
}

/// What waits as long as something else is more urgent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Texts that may change.
    pub interims: bool,
    /// Segments that are not certain to be one: they may be all of a long segment, again at each of
    /// its pauses.
    pub drafts: bool,
}

/// The place of the most urgent one, of those that are not held back.
pub fn choose(
    candidates: impl Iterator<Item = Candidate>,
    held: Held,
    now: Instant,
) -> Option<usize> {
    let ranked = candidates.enumerate().filter_map(|(place, candidate)| {
        let rank = match candidate.task {
            Task::Final if candidate.is_live => (0, candidate.since),
            Task::Final => {
                let due = candidate.since + FILE_PATIENCE;
                (if due <= now { 0 } else { 4 }, due)
            }
            Task::Draft if held.drafts => return None,
            Task::Draft => (1, candidate.since),
            Task::FirstInterim | Task::Interim if held.interims => return None,
            Task::FirstInterim => (2, candidate.since),
            Task::Interim => (3, candidate.since),
        };
        Some((rank, place))
    });
    ranked.min().map(|(_, place)| place)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A candidate that has waited for so many milliseconds at `now`.
    fn waiting(now: Instant, task: Task, is_live: bool, ms: u64) -> Candidate {
        Candidate { task, is_live, since: now - Duration::from_millis(ms) }
    }

    const NOTHING: Held = Held { interims: false, drafts: false };
    const INTERIMS: Held = Held { interims: true, drafts: false };
    const BOTH: Held = Held { interims: true, drafts: true };

    fn chosen(of: &[(Task, bool, u64)], held: Held) -> Option<usize> {
        let now = Instant::now() + Duration::from_secs(3_600);
        choose(of.iter().map(|(task, is_live, ms)| waiting(now, *task, *is_live, *ms)), held, now)
    }

    #[test]
    fn what_counts_comes_first() {
        let all = [
            (Task::Interim, true, 900),
            (Task::Final, false, 900),
            (Task::FirstInterim, true, 10),
            (Task::Draft, true, 10),
            (Task::Final, true, 10),
        ];
        for (left, expected) in [(5, 4), (4, 3), (3, 2)] {
            assert_eq!(chosen(&all[..left], NOTHING), Some(expected));
        }
        assert_eq!(chosen(&all[..2], NOTHING), Some(0), "a file can wait for a while");
        assert_eq!(chosen(&all[..3], INTERIMS), Some(1), "texts that may change rest");
        assert_eq!(chosen(&all[3..4], INTERIMS), Some(0));
        assert_eq!(chosen(&all[3..4], BOTH), None, "and drafts where streams are late");
        assert_eq!(chosen(&all[..1], INTERIMS), None);
        assert_eq!(chosen(&[], NOTHING), None);
    }

    #[test]
    fn longest_wait_comes_first_among_equals() {
        let finals = [(Task::Final, true, 10), (Task::Final, true, 30), (Task::Final, true, 20)];
        assert_eq!(chosen(&finals, NOTHING), Some(1));
    }

    #[test]
    fn file_that_has_been_patient_takes_its_turn() {
        let both =
            |file_ms| chosen(&[(Task::Final, true, 50), (Task::Final, false, file_ms)], NOTHING);
        assert_eq!(both(1_999), Some(0));
        assert_eq!(both(2_049), Some(0), "due for a shorter time than the other has waited");
        assert_eq!(both(2_051), Some(1));
    }
}
