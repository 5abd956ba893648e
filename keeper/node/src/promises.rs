//! What the streams under way have been let begin and no receipt says yet. Pure.
//!
//! Each looks at escrow and bond before its minute; without this, all of them could be let begin
//! the last minute there is.

use heliograph_protocol::Address;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// By session: its app, and what its minute may cost in micro-USDC.
#[derive(Debug, Default)]
pub struct Promises(Mutex<HashMap<Address, (Address, u64)>>);

impl Promises {
    /// A session's minute begins; what it had begun before counts no more, its receipt does.
    pub fn set(&self, app: Address, session: Address, micro_usdc: u64) {
        self.lock().insert(session, (app, micro_usdc));
    }

    /// What the other sessions of an app have begun.
    pub fn of_others(&self, app: &Address, session: &Address) -> u64 {
        let begun = self.lock();
        let others = begun.iter().filter(|(of, (by, _))| by == app && *of != session);
        others.fold(0, |sum: u64, (_, (_, micro_usdc))| sum.saturating_add(*micro_usdc))
    }

    /// The session's stream has ended.
    pub fn end(&self, session: &Address) {
        self.lock().remove(session);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Address, (Address, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_session_counts_once_for_the_others_of_its_app() {
        let promises = Promises::default();
        let [app, other_app] = [[1; 32], [2; 32]];
        promises.set(app, [11; 32], 5);
        promises.set(app, [12; 32], 7);
        promises.set(other_app, [13; 32], 100);
        assert_eq!(promises.of_others(&app, &[11; 32]), 7);
        assert_eq!(promises.of_others(&app, &[12; 32]), 5);
        assert_eq!(promises.of_others(&app, &[14; 32]), 12);
        promises.set(app, [11; 32], 6);
        assert_eq!(promises.of_others(&app, &[12; 32]), 6);
        promises.end(&[11; 32]);
        promises.end(&[11; 32]);
        assert_eq!(promises.of_others(&app, &[12; 32]), 0);
    }

    #[test]
    fn amounts_beyond_64_bits_stay_the_most_there_is() {
        let promises = Promises::default();
        promises.set([1; 32], [11; 32], u64::MAX);
        promises.set([1; 32], [12; 32], u64::MAX);
        assert_eq!(promises.of_others(&[1; 32], &[13; 32]), u64::MAX);
    }
}
