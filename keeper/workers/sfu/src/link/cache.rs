//! The node role's yes, for a few seconds: clients validate and connect, and reconnect in crowds.

use super::Allowed;
use crate::access::Payer;
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// How long an answer is good. A session that ends is revoked, which is heard at once.
const FRESH: Duration = Duration::from_secs(10);
/// Answers kept; when there are more, they are asked for anew.
const ANSWERS_MAX: usize = 1_024;

/// Answers by issuer and the session that the token named. Refusals are not kept: what was refused
/// may be served a moment later.
#[derive(Debug, Default)]
pub struct Cache(HashMap<Question, (Allowed, Instant)>);

type Question = ([u8; 32], Option<[u8; 32]>);

impl Cache {
    /// A fresh answer.
    pub fn get(&self, issuer: [u8; 32], payer: Option<[u8; 32]>, now: Instant) -> Option<Allowed> {
        let (allowed, at) = self.0.get(&(issuer, payer))?;
        (now.saturating_duration_since(*at) < FRESH).then(|| allowed.clone())
    }

    /// Keeps an answer.
    pub fn put(
        &mut self,
        issuer: [u8; 32],
        payer: Option<[u8; 32]>,
        allowed: Allowed,
        now: Instant,
    ) {
        if self.0.len() >= ANSWERS_MAX {
            self.0.clear();
        }
        self.0.insert((issuer, payer), (allowed, now));
    }

    /// Forgets everything that this session pays for.
    pub fn forget(&mut self, payer: Payer) {
        self.0.retain(|_, (allowed, _)| allowed.payer != payer);
    }

    /// Forgets everything: the node role that said so is gone.
    pub fn clear(&mut self) {
        self.0.clear();
    }
}
