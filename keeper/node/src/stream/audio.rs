//! Audio that has been received and not been answered for. Pure.
//!
//! ```text
//!        done            fed             end
//! ────────┼───────────────┼───────────────┼──────▶ position in the session's audio
//!  dropped │ at the worker │  held back    │
//! ```
//!
//! What is at the worker stays here too: should the worker die, it is fed again.

use std::collections::VecDeque;

/// The buffer, with its positions.
#[derive(Debug)]
pub struct AudioBuffer {
    samples: VecDeque<i16>,
    done: u64,
    fed: u64,
}

impl AudioBuffer {
    /// An empty buffer at a position.
    pub const fn new(start: u64) -> Self {
        Self { samples: VecDeque::new(), done: start, fed: start }
    }

    /// Up to where audio has been answered for.
    pub const fn done(&self) -> u64 {
        self.done
    }

    /// Up to where audio has been handed out.
    pub const fn fed(&self) -> u64 {
        self.fed
    }

    /// Up to where audio has been received.
    pub fn end(&self) -> u64 {
        self.done + self.samples.len() as u64
    }

    /// Takes audio in.
    pub fn push(&mut self, pcm: &[i16]) {
        self.samples.extend(pcm);
    }

    /// Hands out at most `max` samples that lie before `bound`; empty if there are none.
    pub fn feed(&mut self, bound: u64, max: usize) -> Vec<i16> {
        let until = bound.min(self.end()).min(self.fed + max as u64);
        let from = index(self.fed - self.done);
        let len = index(until.saturating_sub(self.fed));
        let chunk: Vec<i16> = self.samples.iter().skip(from).take(len).copied().collect();
        self.fed += chunk.len() as u64;
        chunk
    }

    /// Forgets audio before `position`. A position that lies back, or past what was handed out,
    /// is not believed.
    pub fn answered(&mut self, position: u64) {
        let position = position.clamp(self.done, self.fed);
        self.samples.drain(..index(position - self.done));
        self.done = position;
    }

    /// Everything not answered for is to be handed out again.
    pub const fn rewind(&mut self) {
        self.fed = self.done;
    }
}

/// A difference of positions inside the buffer, which memory holds.
fn index(len: u64) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn audio_is_fed_once_and_again_after_a_rewind() {
        let mut buffer = AudioBuffer::new(1_000);
        buffer.push(&[0, 1, 2, 3, 4, 5, 6, 7]);
        assert_eq!(buffer.end(), 1_008);
        assert_eq!(buffer.feed(1_005, 3), [0, 1, 2]);
        assert_eq!(buffer.feed(1_005, 3), [3, 4]);
        assert!(buffer.feed(1_005, 3).is_empty());
        buffer.answered(1_002);
        buffer.rewind();
        assert_eq!(buffer.feed(u64::MAX, 100), [2, 3, 4, 5, 6, 7]);
        assert_eq!((buffer.done(), buffer.fed(), buffer.end()), (1_002, 1_008, 1_008));
    }

    #[test]
    fn false_positions_of_a_worker_change_nothing() {
        let mut buffer = AudioBuffer::new(50);
        buffer.push(&[1, 2, 3]);
        assert_eq!(buffer.feed(52, 9), [1, 2]);
        buffer.answered(10);
        assert_eq!(buffer.done(), 50);
        buffer.answered(u64::MAX);
        assert_eq!(buffer.done(), 52);
        assert_eq!(buffer.feed(60, 9), [3]);
    }

    #[test]
    fn a_bound_behind_what_was_fed_feeds_nothing() {
        let mut buffer = AudioBuffer::new(0);
        buffer.push(&[1, 2, 3]);
        assert_eq!(buffer.feed(2, 9), [1, 2]);
        assert!(buffer.feed(1, 9).is_empty());
        assert_eq!(buffer.fed(), 2);
    }
}
