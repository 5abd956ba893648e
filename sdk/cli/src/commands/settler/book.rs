//! `heliograph settler book`.

use super::{WithBook, with_book};
use crate::amount::usdc;
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_settlement::state::SlotStatus;
use serde_json::json;

/// Show a book
#[derive(Debug, Args)]
#[command(
    long_about = "Show a settler's book: its size, how much of the bond it has exposed, and what \
    holds its claims. `heliograph batch show` lists its batches. Needs no key.",
    after_long_help = "EXAMPLE\n  heliograph settler book settler.json --json"
)]
pub struct Show {
    /// The settler's keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
}

impl Show {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let key = self.keeper_key.pubkey()?;
        let WithBook { address, keeper, book_address, book, slots } =
            with_book(&context.rpc, &key).await?;
        let posted = slots.iter().filter(|slot| slot.status != SlotStatus::Empty as u8).count();
        let document = json!({
            "keeper_key": key.to_string(),
            "keeper": address.to_string(),
            "book": book_address.to_string(),
            "slots": book.slots,
            "batches": posted,
            "last_minute": book.last_minute,
            "chain": hex::encode(book.chain),
            "bond_micro_usdc": keeper.stake,
            "exposure_micro_usdc": book.exposure_micro_usdc,
            "exposed_batches": book.exposed,
            "open_challenges": book.open_challenges,
            "void_until_unix_secs": book.void_until,
            "opened_at_unix_secs": book.opened_at,
            "rent_payer": book.rent_payer.to_string(),
        });
        let claims = if book.open_challenges > 0 {
            format!("held by {} open challenges", book.open_challenges)
        } else if book.void_until > 0 {
            format!("batches up to Unix time {} pay nothing: a challenge failed", book.void_until)
        } else {
            "go on".to_owned()
        };
        let text = fields([
            ("book", book_address.to_string()),
            ("settler", key.to_string()),
            ("slots", format!("{} of {} in use", posted, book.slots)),
            ("newest minute", book.last_minute.to_string()),
            (
                "exposure",
                format!("{}, of a bond of {}", usdc(book.exposure_micro_usdc), usdc(keeper.stake)),
            ),
            ("exposed batches", book.exposed.to_string()),
            ("claims", claims),
        ]);
        Outcome::new(&document, text)
    }
}
