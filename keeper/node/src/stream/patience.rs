//! How long a stream puts up with a speech worker that is lost, or has no place for it. Pure.

use std::time::Duration;
use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// How long a stream waits for a worker that is being started, or that takes it and fails again.
pub const WORKER_LIMIT: Duration = Duration::from_secs(60);
/// How long a worker that refuses a stream for now is left alone: it has too many.
const REFUSED_PAUSE: Duration = Duration::from_secs(3);

/// A stream's patience. It begins with a failure and ends with audio that is answered for: a worker
/// that takes the stream and fails again and again has not served it.
#[derive(Debug)]
pub struct Patience {
    /// When the stream was last opened at a worker.
    opened_at: Instant,
    /// When a worker may be asked again.
    open_at: Instant,
    /// Until when the stream has to be served, since the first failure.
    deadline: Option<Instant>,
}

impl Patience {
    /// Of a stream that is opened at a worker for the first time.
    pub const fn new(now: Instant) -> Self {
        Self { opened_at: now, open_at: now, deadline: None }
    }

    /// The stream was opened at a worker.
    pub const fn opened(&mut self, now: Instant) {
        self.opened_at = now;
    }

    /// Audio was answered for.
    pub const fn served(&mut self) {
        self.deadline = None;
    }

    /// The worker is gone. When another is there, it may be asked.
    pub fn lost(&mut self, now: Instant) {
        // One that did nothing for so long, because nothing came, does not count as failing.
        let is_old = now.saturating_duration_since(self.opened_at) >= WORKER_LIMIT;
        self.deadline = self.deadline.filter(|_| !is_old).or(Some(now + WORKER_LIMIT));
        self.open_at = now;
    }

    /// The worker does not take the stream, or gives it up; later it may.
    pub fn refused(&mut self, now: Instant) {
        self.lost(now);
        self.open_at = now + REFUSED_PAUSE;
    }

    /// When a worker may be asked again.
    pub const fn open_at(&self) -> Instant {
        self.open_at
    }

    /// When the stream gives up, if no worker serves it by then.
    pub const fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}
