//! `heliograph batch`: a settler's minutes.

mod claim;
mod post;
mod show;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;
use heliograph_settlement::state::{Book, Slot, SlotStatus};

/// Post minute batches, show them, and claim what they say
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Post minute batches, show them, and claim what they say.\n\n\
    A batch is one root over what every session owes, posted by a settler for a minute. Nothing of it \
    is paid during the challenge window; afterwards anybody can claim its leaves: operators, settler \
    and treasury are paid. Leaves are read from a JSON file, in the batch's order.",
    after_long_help = "EXAMPLES\n  \
    heliograph batch post --keeper-key settler.json --leaves leaves.json\n  \
    heliograph batch show SETTLER_KEY\n  \
    heliograph batch claim SETTLER_KEY MINUTE --leaves leaves.json\n\n\
    LEAVES (JSON)\n  \
    [{\"app\": \"…\", \"node\": \"…\", \"session\": \"…\",\n    \
    \"cumulative_micro_usdc\": 5000, \"evidence\": \"64 hex digits\"}]\n  \
    evidence is SHA-256 of the receipt's hash and the voucher's hash"
)]
pub enum Batch {
    /// Post a minute's root
    Post(post::Post),
    /// Show a settler's batches, or one
    Show(show::Show),
    /// Pay what leaves of a batch say
    Claim(claim::Claim),
}

impl Batch {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Post(post) => post.execute(context).await,
            Self::Show(show) => show.execute(context).await,
            Self::Claim(claim) => claim.execute(context).await,
        }
    }
}

/// Whether a batch pays at `now`, in a word, and why not.
fn state(book: &Book, slot: &Slot, now: i64) -> &'static str {
    let window_over = slot.posted_at.saturating_add(slot.challenge_window_secs.into());
    if slot.status == SlotStatus::Void as u8 || slot.posted_at <= book.void_until {
        "void"
    } else if book.open_challenges > 0 {
        "held"
    } else if now <= window_over {
        "waiting"
    } else if slot.claimed_micro_usdc >= slot.total_micro_usdc {
        "paid"
    } else {
        "claimable"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn state_follows_book_and_clock() {
        let mut book = Book::new(Default::default(), Default::default(), 60, 0);
        let mut slot = Slot {
            posted_at: 100,
            challenge_window_secs: 10,
            total_micro_usdc: 5,
            status: SlotStatus::Posted as u8,
            ..Slot::default()
        };
        assert_eq!((state(&book, &slot, 110), state(&book, &slot, 111)), ("waiting", "claimable"));
        slot.claimed_micro_usdc = 5;
        assert_eq!(state(&book, &slot, 111), "paid");
        book.open_challenges = 1;
        assert_eq!(state(&book, &slot, 111), "held");
        book.void_until = 100;
        assert_eq!(state(&book, &slot, 111), "void");
    }
}
