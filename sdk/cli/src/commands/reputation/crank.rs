//! `heliograph reputation crank`.

use crate::chain;
use crate::context::Context;
use crate::output::{Outcome, table};
use anyhow::Result;
use clap::Args;
use heliograph_client::account;
use heliograph_client::instruction::reputation::{
    close_epoch, close_observation, close_tally, score_node,
};
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::state::{Epoch, Observation, Tally};
use serde::Serialize;
use serde_json::json;
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Score every node that can be scored, close what is not needed any more
#[derive(Debug, Args)]
#[command(
    long_about = "Score every node whose epoch is to be scored and that enough observers were heard \
    about; close tallies that are done, and observations and epochs that are kept no longer. Rent \
    goes to who paid it. --keypair pays fees, and the rent of a node's first score. Somebody else may \
    do the same at the same time: what is done already is no failure of the rest.",
    after_long_help = "EXAMPLE\n  heliograph reputation crank"
)]
pub struct Crank {}

/// One thing that was done, or could not be.
#[derive(Debug, Serialize)]
struct Deed {
    deed: &'static str,
    epoch: u64,
    about: String,
    transaction: Option<String>,
    error: Option<String>,
}

/// What is done, and who pays.
struct Worker<'a> {
    context: &'a Context,
    payer: Keypair,
    deeds: Vec<Deed>,
}

impl Worker<'_> {
    /// Sends one instruction; a refusal is noted. Whether it was carried out.
    async fn send(
        &mut self,
        deed: &'static str,
        epoch: u64,
        about: &Pubkey,
        instruction: Instruction,
    ) -> Result<bool> {
        let sent = self.context.send(&self.payer, &[], &[instruction]).await;
        let (transaction, error) = match sent {
            Ok(signature) => (Some(signature.to_string()), None),
            Err(error) => match error.downcast_ref::<heliograph_client::Error>() {
                // Another crank was faster, or the account is not what it was.
                Some(heliograph_client::Error::Program { .. }) => (None, Some(error.to_string())),
                _ => return Err(error),
            },
        };
        let done = transaction.is_some();
        self.deeds.push(Deed { deed, epoch, about: about.to_string(), transaction, error });
        Ok(done)
    }

    async fn tally(&mut self, epoch: &Epoch, tally: &Tally, now: u64) -> Result<()> {
        if epoch.phase(now) != Phase::Scoring {
            return Ok(());
        }
        let scorable = !tally.scored && epoch.has_quorum(tally.heard.len());
        if scorable && !epoch.is_over(now) {
            let score = score_node(self.payer.pubkey(), tally.node, epoch);
            if !self.send("score", tally.epoch, &tally.node, score).await? {
                return Ok(());
            }
        }
        let close = close_tally(tally.node, tally.epoch, tally.rent_payer);
        self.send("close tally", tally.epoch, &tally.node, close).await?;
        Ok(())
    }
}

impl Crank {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let rpc = &context.rpc;
        let payer = context.signer()?;
        let now = chain::unix_secs(rpc).await?.unsigned_abs();
        let epochs: Vec<(Pubkey, Epoch)> = account::all(rpc).await?;
        let tallies: Vec<(Pubkey, Tally)> = account::all(rpc).await?;
        let observations: Vec<(Pubkey, Observation)> = account::all(rpc).await?;
        let mut worker = Worker { context, payer, deeds: Vec::new() };
        // Oldest first: a score then needs no reordering.
        let mut epochs: Vec<Epoch> = epochs.into_iter().map(|(_, epoch)| epoch).collect();
        epochs.sort_by_key(|epoch| epoch.epoch);
        for epoch in &epochs {
            for (_, tally) in tallies.iter().filter(|(_, tally)| tally.epoch == epoch.epoch) {
                worker.tally(epoch, tally, now).await?;
            }
            if !epoch.is_over(now) {
                continue;
            }
            let of_epoch = observations.iter().filter(|(_, o)| o.epoch == epoch.epoch);
            for (_, observation) in of_epoch {
                let Observation { keeper, rent_payer, .. } = observation;
                let close = close_observation(*keeper, epoch.epoch, *rent_payer);
                worker.send("close observation", epoch.epoch, keeper, close).await?;
            }
            let close = close_epoch(epoch.epoch, epoch.rent_payer);
            worker.send("close epoch", epoch.epoch, &epoch.rent_payer, close).await?;
        }
        let deeds = worker.deeds;
        let done = deeds.iter().filter(|deed| deed.transaction.is_some()).count();
        let document = json!({ "done": done, "refused": deeds.len() - done, "deeds": deeds });
        if deeds.is_empty() {
            return Outcome::new(&document, "there is nothing to score or close");
        }
        let rows = deeds.iter().map(|deed| {
            [
                deed.deed.to_owned(),
                deed.epoch.to_string(),
                deed.about.clone(),
                deed.transaction.clone().or_else(|| deed.error.clone()).unwrap_or_default(),
            ]
        });
        let headings = ["deed", ">epoch", "node, observer or payer", "transaction or refusal"];
        Outcome::new(&document, table(&headings, rows))
    }
}
