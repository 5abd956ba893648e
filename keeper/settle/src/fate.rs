//! What the chain's book says about a batch. Pure.
//!
//! The book alone decides, never what a transaction was heard to do: a settler that was killed asks
//! the same question as one that was not.

use heliograph_protocol::batch::BatchHeader;
use heliograph_protocol::minute_index;
use heliograph_settlement::state::{Book, MINUTES_LATE_MAX, Slot, SlotStatus};

/// A settler's book with its ring, as read from the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BookView {
    pub book: Book,
    pub slots: Vec<Slot>,
}

/// What became of a batch that was written and may have been sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Posted,
    /// It can never be posted: the minute or a later one has another batch, or it is too long ago.
    Lost,
    /// It may yet be: send the same again.
    Open,
}

/// What becomes of a batch that is on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It pays, once its window is over.
    Good(&'a Slot),
    /// A challenge has failed.
    Void,
    /// Its slot is used again, or the book is another.
    Gone,
}

impl BookView {
    /// The batch of a minute, if its slot still holds it.
    pub fn slot(&self, minute_index: u64) -> Option<&Slot> {
        let index = minute_index.checked_rem(self.slots.len() as u64)?;
        let slot = self.slots.get(usize::try_from(index).ok()?)?;
        let is_it = slot.status != SlotStatus::Empty as u8 && slot.minute_index == minute_index;
        is_it.then_some(slot)
    }

    /// The slot of exactly this batch.
    fn slot_of(&self, header: &BatchHeader) -> Option<&Slot> {
        self.slot(header.minute_index).filter(|slot| {
            (slot.root, slot.count, slot.total_micro_usdc)
                == (header.root, header.count, header.total_micro_usdc)
        })
    }

    /// What became of a batch by `now`, the chain's time.
    pub fn fate(&self, header: &BatchHeader, now: i64) -> Fate {
        let this_minute = minute_index(u64::try_from(now).unwrap_or(0));
        if self.slot_of(header).is_some() {
            Fate::Posted
        } else if self.book.last_minute >= header.minute_index
            || header.minute_index.saturating_add(MINUTES_LATE_MAX) < this_minute
        {
            Fate::Lost
        } else {
            Fate::Open
        }
    }

    /// What becomes of a batch that was seen on chain.
    pub fn standing(&self, header: &BatchHeader) -> Standing<'_> {
        match self.slot_of(header) {
            None => Standing::Gone,
            Some(slot)
                if slot.status == SlotStatus::Void as u8
                    || slot.posted_at <= self.book.void_until =>
            {
                Standing::Void
            }
            Some(slot) => Standing::Good(slot),
        }
    }

    /// The minute to post next, by the chain's time; `None` if this one has its batch already, or
    /// would have a void one. `written` is the newest minute in the database.
    pub fn next_minute(&self, written: Option<u64>, now: i64) -> Option<u64> {
        // A batch of the very second in which a challenge failed is void with those before it.
        if now <= self.book.void_until {
            return None;
        }
        let this_minute = minute_index(u64::try_from(now).ok()?);
        let newest = written.unwrap_or(0).max(self.book.last_minute);
        (this_minute > newest).then_some(this_minute)
    }

    /// How many batches could be taken out of the exposure now.
    pub fn releasable(&self, now: i64) -> u64 {
        let mut minute = self.book.oldest_minute;
        let mut count = 0;
        while count < self.book.exposed {
            let Some(slot) = self.slot(minute) else { break };
            let liable_until = slot.posted_at.saturating_add(slot.liability_secs());
            if now <= liable_until || slot.open_challenges > 0 {
                break;
            }
            minute = slot.next_minute;
            count += 1;
        }
        count
    }

    /// Minutes before this one can be disputed by nobody.
    pub fn disputable_from(&self) -> u64 {
        if self.book.exposed == 0 { self.book.last_minute } else { self.book.oldest_minute }
    }
}

#[cfg(test)]
mod tests;
