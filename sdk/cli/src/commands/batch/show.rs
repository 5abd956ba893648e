//! `heliograph batch show`.

use super::state;
use crate::amount::usdc;
use crate::chain;
use crate::commands::settler::with_book;
use crate::context::Context;
use crate::duration::until;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields, short, table};
use anyhow::Result;
use clap::Args;
use heliograph_settlement::state::{Book, Slot, SlotStatus};
use serde::Serialize;

/// Show a settler's batches, or one
#[derive(Debug, Args)]
#[command(
    long_about = "Show a settler's batches, newest first, or one. A batch is waiting (the challenge \
    window runs), claimable, paid, held (a challenge of the settler is open) or void (one has \
    failed). Needs no key.",
    after_long_help = "EXAMPLES\n  \
    heliograph batch show SETTLER_KEY\n  \
    heliograph batch show SETTLER_KEY 29748012 --json"
)]
pub struct Show {
    /// The settler's keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
    /// The minute: Unix time divided by 60 [default: all in the book]
    pub minute: Option<u64>,
}

/// A batch as a book has it.
#[derive(Debug, Serialize)]
struct View {
    minute_index: u64,
    state: &'static str,
    root: String,
    leaves: u32,
    total_micro_usdc: u64,
    claimed_micro_usdc: u64,
    open_challenges: u32,
    posted_at_unix_secs: i64,
    claimable_after_unix_secs: i64,
    disputable_until_unix_secs: i64,
    released: bool,
}

impl View {
    fn new(book: &Book, slot: &Slot, now: i64) -> Self {
        Self {
            minute_index: slot.minute_index,
            state: state(book, slot, now),
            root: hex::encode(slot.root),
            leaves: slot.count,
            total_micro_usdc: slot.total_micro_usdc,
            claimed_micro_usdc: slot.claimed_micro_usdc,
            open_challenges: slot.open_challenges,
            posted_at_unix_secs: slot.posted_at,
            claimable_after_unix_secs: slot.posted_at + i64::from(slot.challenge_window_secs),
            disputable_until_unix_secs: slot.disputable_until(),
            released: slot.released != 0,
        }
    }
}

impl Show {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let found = with_book(&context.rpc, &self.keeper_key.pubkey()?).await?;
        let now = chain::unix_secs(&context.rpc).await?;
        let posted = found.slots.iter().filter(|slot| slot.status != SlotStatus::Empty as u8);
        let mut views: Vec<View> = posted.map(|slot| View::new(&found.book, slot, now)).collect();
        views.sort_by_key(|view| std::cmp::Reverse(view.minute_index));
        if let Some(minute) = self.minute {
            let view = views
                .into_iter()
                .find(|view| view.minute_index == minute)
                .ok_or_else(|| usage(format!("the book has no batch of minute {minute}")))?;
            return one(&view, now);
        }
        if views.is_empty() {
            return Outcome::new(&views, "the book has no batches");
        }
        let rows = views.iter().map(|view| {
            [
                view.minute_index.to_string(),
                view.state.to_owned(),
                view.leaves.to_string(),
                usdc(view.total_micro_usdc),
                usdc(view.claimed_micro_usdc),
                view.open_challenges.to_string(),
                short(&view.root),
            ]
        });
        let headings = [">minute", "state", ">leaves", ">total", ">claimed", ">challenges", "root"];
        Outcome::new(&views, table(&headings, rows))
    }
}

fn one(view: &View, now: i64) -> Result<Outcome> {
    let text = fields([
        ("minute", view.minute_index.to_string()),
        ("state", view.state.to_owned()),
        ("root", view.root.clone()),
        ("leaves", view.leaves.to_string()),
        ("total", usdc(view.total_micro_usdc)),
        ("claimed", usdc(view.claimed_micro_usdc)),
        ("challenges", format!("{} open", view.open_challenges)),
        ("window over", until(view.claimable_after_unix_secs, now)),
        (
            "disputable",
            match until(view.disputable_until_unix_secs, now).strip_prefix("in ") {
                Some(left) => format!("for another {left}"),
                None => "no more".to_owned(),
            },
        ),
    ]);
    Outcome::new(view, text)
}
