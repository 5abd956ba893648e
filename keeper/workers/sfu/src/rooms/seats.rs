//! Places: in the worker, and for one scope.

use super::JoinError;
use crate::access::Scope;
use crate::room::Seat;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Places taken. A [`Seat`] gives its place back when it is dropped.
#[derive(Clone, Debug)]
pub(super) struct Seats {
    max: usize,
    taken: Arc<Mutex<Taken>>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    scopes: HashMap<Scope, usize>,
}

/// A place in use.
struct Place {
    scope: Scope,
    taken: Arc<Mutex<Taken>>,
}

impl Seats {
    pub(super) fn new(max: usize) -> Self {
        Self { max, taken: Arc::default() }
    }

    /// Whether there is a place.
    pub(super) fn free(&self, scope: &Scope, scope_max: Option<u32>) -> Result<(), JoinError> {
        lock(&self.taken).free(self.max, scope, scope_max)
    }

    /// Takes a place; with `anyway`, past all bounds: for who replaces itself.
    pub(super) fn take(
        &self,
        scope: &Scope,
        scope_max: Option<u32>,
        anyway: bool,
    ) -> Result<Seat, JoinError> {
        let mut taken = lock(&self.taken);
        if !anyway {
            taken.free(self.max, scope, scope_max)?;
        }
        taken.all += 1;
        *taken.scopes.entry(scope.clone()).or_default() += 1;
        Ok(Seat::new(Place { scope: scope.clone(), taken: self.taken.clone() }))
    }

    pub(super) fn taken(&self) -> usize {
        lock(&self.taken).all
    }
}

impl Taken {
    fn free(&self, max: usize, scope: &Scope, scope_max: Option<u32>) -> Result<(), JoinError> {
        if self.all >= max {
            return Err(JoinError::Full);
        }
        let of_scope = self.scopes.get(scope).copied().unwrap_or(0);
        if scope_max.is_some_and(|max| of_scope >= max as usize) {
            return Err(JoinError::PayerFull);
        }
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = lock(&self.taken);
        taken.all -= 1;
        if let Some(count) = taken.scopes.get_mut(&self.scope) {
            *count -= 1;
            if *count == 0 {
                taken.scopes.remove(&self.scope);
            }
        }
    }
}

fn lock(taken: &Mutex<Taken>) -> MutexGuard<'_, Taken> {
    taken.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(name: &str) -> Scope {
        Scope(name.to_owned())
    }

    #[test]
    fn places_are_counted_for_all_and_for_each_scope() {
        let seats = Seats::new(3);
        let first = seats.take(&scope("a"), Some(1), false).unwrap();
        assert_eq!(seats.take(&scope("a"), Some(1), false).unwrap_err(), JoinError::PayerFull);
        let _second = seats.take(&scope("b"), None, false).unwrap();
        let _third = seats.take(&scope("b"), None, false).unwrap();
        assert_eq!(seats.free(&scope("c"), None), Err(JoinError::Full));
        drop(first);
        assert_eq!(seats.free(&scope("a"), Some(1)), Ok(()));
        assert_eq!(seats.taken(), 2);
    }

    #[test]
    fn who_replaces_itself_comes_in_though_all_is_full() {
        let seats = Seats::new(1);
        let old = seats.take(&scope("a"), Some(1), false).unwrap();
        let new = seats.take(&scope("a"), Some(1), true).unwrap();
        drop(old);
        assert_eq!(seats.taken(), 1);
        drop(new);
        assert_eq!(seats.taken(), 0);
        assert!(lock(&seats.taken).scopes.is_empty());
    }
}
