//! `heliograph challenge open`.

use crate::amount::usdc;
use crate::chain;
use crate::commands::settler::with_book;
use crate::context::Context;
use crate::duration::until;
use crate::exit::usage;
use crate::keys::KeyRef;
use crate::output::{Outcome, fields};
use anyhow::Result;
use clap::Args;
use heliograph_client::instruction::settlement::open_challenge;
use heliograph_client::{account, pda};
use heliograph_settlement::state;
use serde_json::json;
use solana_signer::Signer;

/// Challenge a leaf; puts down the bond
#[derive(Debug, Args)]
#[command(
    long_about = "Challenge a leaf of a batch: demand the voucher behind it. The bond comes from \
    the standard USDC account of --keypair, and goes to the settler if it can answer.",
    after_long_help = "EXAMPLE\n  heliograph challenge open SETTLER_KEY 29748012 3"
)]
pub struct Open {
    /// The settler's keeper key: base58, or its keypair file
    pub keeper_key: KeyRef,
    /// The minute: Unix time divided by 60
    pub minute: u64,
    /// Which leaf of the batch, from 0
    pub index: u32,
}

impl Open {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let challenger = context.signer()?;
        let network = context.network().await?;
        let settler = with_book(rpc, &self.keeper_key.pubkey()?).await?;
        let source = pda::token_account(&challenger.pubkey(), &network.payment_mint);
        let held = rpc.token_balance(&source).await?.unwrap_or(0);
        let bond = network.params.challenge_bond_micro_usdc;
        if held < bond {
            let (held, bond) = (usdc(held), usdc(bond));
            return Err(usage(format!("{source} holds {held}; the bond is {bond}")));
        }
        let book = settler.book_address;
        let address = pda::challenge(&book, self.minute, self.index);
        let (key, minute, index) = (challenger.pubkey(), self.minute, self.index);
        let instruction = open_challenge(key, &network, book, minute, index, source);
        let signature = context.send(&challenger, &[], &[instruction]).await?;
        let challenge: state::Challenge = account::get(rpc, &address).await?;
        let now = chain::unix_secs(rpc).await?;
        let document = json!({
            "challenge": address.to_string(),
            "minute_index": minute,
            "index": index,
            "bond_micro_usdc": challenge.bond_micro_usdc,
            "deadline_unix_secs": challenge.deadline,
            "transaction": signature.to_string(),
        });
        let text = fields([
            ("challenge", address.to_string()),
            ("bond", usdc(challenge.bond_micro_usdc)),
            ("fails", format!("{} unless it is answered", until(challenge.deadline, now))),
            ("transaction", signature.to_string()),
        ]);
        Outcome::new(&document, text)
    }
}
