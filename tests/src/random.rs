//! Numbers that look random and are the same for the same seed.

use heliograph_protocol::hash::sha256;

/// A stream of numbers from a seed: SHA-256 of seed and counter.
#[derive(Clone, Debug)]
pub struct Random {
    seed: u64,
    counter: u64,
}

impl Random {
    /// The stream of `seed`.
    pub fn new(seed: u64) -> Self {
        Self { seed, counter: 0 }
    }

    /// The stream of the environment's `HELIOGRAPH_TEST_SEED`, or of `default`; says which.
    pub fn from_environment(default: u64) -> Self {
        let seed = std::env::var("HELIOGRAPH_TEST_SEED")
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default);
        println!("HELIOGRAPH_TEST_SEED={seed}");
        Self::new(seed)
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.counter += 1;
        let digest = sha256(&[&self.seed.to_le_bytes(), &self.counter.to_le_bytes()]);
        digest.iter().take(8).fold(0, |number, &byte| number << 8 | u64::from(byte))
    }

    /// A number below `bound`.
    ///
    /// # Panics
    /// When `bound` is zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.any() % bound
    }

    /// An index into something of length `len`.
    pub fn index(&mut self, len: usize) -> usize {
        (self.any() % len as u64) as usize
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}
