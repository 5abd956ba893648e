//! Epochs: what is measured together, and when it is posted, shown and scored.

/// Epochs after its scoring began for which an epoch's roots stay on chain as evidence.
pub const RETAINED_EPOCHS: u32 = SCORES_MAX as u32;
/// Epochs a node's score remembers.
pub const SCORES_MAX: usize = 64;

/// Epochs from the start of one to the start of its scoring: it is measured in the first, its
/// roots are posted in the second, its leaves shown in the third.
const SCORED_AFTER: u32 = 3;

/// An epoch, by its first second.
///
/// Its name is a time and no ordinal: when the network changes the length of epochs, names go on
/// growing and none is used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    /// Unix time at which it begins: a whole multiple of its length.
    pub start: u64,
    /// Its length in seconds.
    pub secs: u32,
}

/// What can be done about an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It has not ended: it is measured.
    Measuring,
    /// Observers post their roots, and nobody shows a leaf: who posts later has nothing to copy.
    Posting,
    /// Anyone shows the leaves under the roots.
    Submitting,
    /// Anyone has the nodes scored.
    Scoring,
}

impl Epoch {
    /// The epoch of length `secs` that `unix_secs` is in; `None` when `secs` is zero.
    pub const fn at(unix_secs: u64, secs: u32) -> Option<Self> {
        match unix_secs.checked_rem(secs as u64) {
            Some(elapsed) => Some(Self { start: unix_secs - elapsed, secs }),
            None => None,
        }
    }

    /// Whether an epoch of this length begins at this time.
    pub const fn is_aligned(&self) -> bool {
        matches!(self.start.checked_rem(self.secs as u64), Some(0))
    }

    /// Unix time at which it has ended.
    pub const fn end(&self) -> u64 {
        self.after(1)
    }

    /// Unix time `epochs` of its lengths after its start. A time beyond 64 bits never comes.
    const fn after(&self, epochs: u32) -> u64 {
        self.start.saturating_add((self.secs as u64).saturating_mul(epochs as u64))
    }

    /// What can be done about it at `now`.
    pub const fn phase(&self, now: u64) -> Phase {
        if now < self.after(1) {
            Phase::Measuring
        } else if now < self.after(2) {
            Phase::Posting
        } else if now < self.after(SCORED_AFTER) {
            Phase::Submitting
        } else {
            Phase::Scoring
        }
    }

    /// Whether its roots are still kept at `now`.
    pub const fn is_retained(&self, now: u64) -> bool {
        now < self.after(SCORED_AFTER + RETAINED_EPOCHS)
    }
}

/// Epochs an observer let pass before it posted for `epoch`.
///
/// It owes a root for every whole epoch since `due_from`, the end of the epoch it posted for last
/// (0 before the first), and since `active_since`, when it became active.
pub fn absences(due_from: u64, active_since: u64, epoch: &Epoch) -> u64 {
    let secs = u64::from(epoch.secs.max(1));
    let first_due = active_since.div_ceil(secs).saturating_mul(secs).max(due_from);
    epoch.start.saturating_sub(first_due) / secs
}
