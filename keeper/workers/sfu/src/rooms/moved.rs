//! Rooms that went to another node: who comes back to this one is told where they are.

use crate::access::Scope;
use std::collections::HashMap;

/// How long a moved room is remembered: longer than clients try to come back, and short enough that
/// an app may use the name here again.
pub const MOVED_FOR_MS: u64 = 10 * 60_000;
/// Moved rooms remembered at most; the oldest is forgotten first.
pub const MOVED_MAX: usize = 10_000;

/// Where rooms went.
#[derive(Debug, Default)]
pub struct Moved(HashMap<(Scope, String), Destination>);

#[derive(Debug)]
struct Destination {
    url: String,
    moved_at_ms: u64,
}

impl Moved {
    /// Remembers that a room went to `url`.
    pub fn insert(&mut self, scope: Scope, room: String, url: String, now_ms: u64) {
        self.0.retain(|_, destination| !destination.is_over(now_ms));
        if self.0.len() >= MOVED_MAX {
            let oldest = self.0.iter().min_by_key(|(_, destination)| destination.moved_at_ms);
            if let Some(key) = oldest.map(|(key, _)| key.clone()) {
                self.0.remove(&key);
            }
        }
        self.0.insert((scope, room), Destination { url, moved_at_ms: now_ms });
    }

    /// Where a room went, if it went somewhere lately.
    pub fn destination(&self, scope: &Scope, room: &str, now_ms: u64) -> Option<String> {
        let destination = self.0.get(&(scope.clone(), room.to_owned()))?;
        (!destination.is_over(now_ms)).then(|| destination.url.clone())
    }
}

impl Destination {
    fn is_over(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.moved_at_ms) >= MOVED_FOR_MS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope() -> Scope {
        Scope("app".into())
    }

    #[test]
    fn moved_room_is_remembered_for_a_time() {
        let mut moved = Moved::default();
        moved.insert(scope(), "r".into(), "wss://there".into(), 1_000);
        let at = |ms: u64| moved.destination(&scope(), "r", ms);
        assert_eq!(at(1_000).as_deref(), Some("wss://there"));
        assert_eq!(at(999 + MOVED_FOR_MS).as_deref(), Some("wss://there"));
        assert_eq!(at(1_000 + MOVED_FOR_MS), None);
        assert_eq!(moved.destination(&scope(), "other", 1_000), None);
        assert_eq!(moved.destination(&Scope("other".into()), "r", 1_000), None);
    }

    #[test]
    fn oldest_is_forgotten_when_there_are_too_many() {
        let mut moved = Moved::default();
        for index in 0..=MOVED_MAX as u64 {
            moved.insert(scope(), format!("r{index}"), "wss://there".into(), index);
        }
        let now = MOVED_MAX as u64;
        assert_eq!(moved.destination(&scope(), "r0", now), None);
        assert!(moved.destination(&scope(), "r1", now).is_some());
        assert_eq!(moved.0.len(), MOVED_MAX);
    }
}
