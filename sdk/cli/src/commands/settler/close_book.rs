//! `heliograph settler close-book`.

use super::with_book;
use crate::amount::format_units;
use crate::context::Context;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::settlement::close_book;
use serde_json::json;
use solana_signer::Signer;

/// Close a book in which nothing can be disputed any more; its rent comes back
#[derive(Debug, Args)]
#[command(
    long_about = "Close a book in which nothing can be disputed any more; its rent goes to who paid \
    it. --keypair is the settler's owner.",
    after_long_help = "EXAMPLE\n  heliograph settler close-book settler.json"
)]
pub struct CloseBook {
    /// The settler's keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
}

impl CloseBook {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let key = self.keeper_key.pubkey()?;
        let owner = context.signer()?;
        let found = with_book(rpc, &key).await?;
        let rent = rpc.balance_lamports(&found.book_address).await?;
        let rent_payer = found.book.rent_payer;
        let instruction = close_book(owner.pubkey(), found.address, found.book_address, rent_payer);
        let signature = context.send(&owner, &[], &[instruction]).await?;
        let document = json!({
            "keeper_key": key.to_string(),
            "closed": found.book_address.to_string(),
            "rent_lamports": rent,
            "rent_payer": rent_payer.to_string(),
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("closed", found.book_address.to_string()),
            ("rent", format!("{} SOL, to {rent_payer}", format_units(rent, 9))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
