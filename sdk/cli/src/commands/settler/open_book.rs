//! `heliograph settler open-book`.

use crate::amount::format_units;
use crate::chain;
use crate::context::Context;
use crate::exit::usage;
use crate::keys;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::settlement::{book_len, open_book};
use heliograph_client::{account, pda};
use heliograph_registry::state::{KeeperRole, NetworkParams};
use heliograph_settlement::state::{BOOK_SLOTS_MIN, MINUTES_LATE_MAX, liability_secs};
use serde_json::json;
use solana_signer::Signer;
use std::path::PathBuf;

/// Make the settler's book; its size and rent are shown
#[derive(Debug, Args)]
#[command(
    long_about = "Make the settler's book. A slot is in use until its batch cannot be disputed any \
    more; by default there are as many as a settler needs that posts every minute. --keypair pays \
    the rent and gets it back when the book is closed.",
    after_long_help = "EXAMPLE\n  heliograph settler open-book --keeper-key settler.json"
)]
pub struct OpenBook {
    /// Keypair file of the settler's hot key
    #[arg(long, value_name = "FILE")]
    pub keeper_key: PathBuf,
    /// Minutes that can be under dispute at once, at least 60 [default: what posting every minute
    /// takes]
    #[arg(long, value_name = "NUMBER")]
    pub slots: Option<u32>,
}

/// Slots for a batch each minute: as many as the bond stands behind at once, and those that may be
/// posted late.
fn slots_for(params: &NetworkParams) -> usize {
    let secs = liability_secs(params.dispute_secs, params.challenge_response_secs);
    let minutes = secs.unsigned_abs().div_ceil(60) + MINUTES_LATE_MAX + 1;
    usize::try_from(minutes).unwrap_or(usize::MAX)
}

impl OpenBook {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let payer = context.signer()?;
        let network = context.network().await?;
        let keeper_key = keys::read(&self.keeper_key)?;
        let key = keeper_key.pubkey();
        let (keeper, _) = chain::keeper(rpc, &key, Some(KeeperRole::Settler)).await?;
        let book = pda::book(&key);
        if account::find_book(rpc, &book).await?.is_some() {
            return Err(usage(format!("settler {key} has a book already: {book}")));
        }
        let slots = self.slots.map_or_else(|| slots_for(&network.params), |slots| slots as usize);
        if slots < BOOK_SLOTS_MIN {
            return Err(usage(format!("a book has at least {BOOK_SLOTS_MIN} slots")));
        }
        let size = book_len(slots);
        let lamports = rpc.rent_lamports(size).await?;
        let instructions = open_book(payer.pubkey(), key, keeper, slots, lamports);
        let signature = context.send(&payer, &[&keeper_key], &instructions).await?;
        let document = json!({
            "keeper_key": key.to_string(),
            "book": book.to_string(),
            "slots": slots,
            "bytes": size,
            "rent_lamports": lamports,
            "rent_payer": payer.pubkey().to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("book", book.to_string()),
            ("slots", format!("{slots} minutes, {size} bytes")),
            ("rent", format!("{} SOL, from {}", format_units(lamports, 9), payer.pubkey())),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use heliograph_migrations::Params;

    /// 54 hours of dispute, an hour that may be late, and the minute itself.
    #[test]
    fn a_batch_each_minute_finds_a_free_slot() {
        let params = Params::default().to_network(9).unwrap();
        assert_eq!(slots_for(&params), 54 * 60 + 60 + 1);
    }
}
