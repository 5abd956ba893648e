//! `heliograph case open samples`: brings the samples on chain, opens the case, cleans up.

use super::accusation;
use crate::chain;
use crate::context::Context;
use crate::documents::report::Report;
use crate::exit::usage;
use anyhow::Result;
use heliograph_client::instruction::slashing::{
    Accusation, close_exhibit, exhibit_of, open_samples_case,
};
use heliograph_client::{account, pda};
use heliograph_protocol::case::{NoContradiction, contradiction};
use heliograph_protocol::observation::Leaf;
use heliograph_protocol::sample::{self, Sample};
use heliograph_registry::state::KeeperRole;
use heliograph_reputation::state::{Epoch, Observation};
use heliograph_slashing::state::Exhibit;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signature::Signature;
use solana_signer::Signer;

/// Whose leaf, about whom.
#[derive(Clone, Copy, Debug)]
pub struct Keys {
    /// The observer's keeper key.
    pub observer: Pubkey,
    /// The node key.
    pub node: Pubkey,
}

/// Opens the case; nothing is sent where the samples convict nobody. When it was cut off, it goes
/// on where it was the next time.
pub async fn of_samples(
    context: &Context,
    reporter: &Keypair,
    keys: &Keys,
    report: &Report,
) -> Result<(Accusation, Signature)> {
    let rpc = &context.rpc;
    let (observer, _) = chain::keeper(rpc, &keys.observer, Some(KeeperRole::Observer)).await?;
    let place = report.seen.iter().position(|seen| seen.node_key == keys.node);
    let place = place.ok_or_else(|| usage(format!("the report has no node {}", keys.node)))?;
    let samples = report.seen[place].samples.as_deref().ok_or_else(|| {
        usage("the report has no samples of the node, and without samples there is no case")
    })?;
    let posted: Observation = account::get(rpc, &pda::observation(&observer, report.epoch)).await?;
    let root = report.root(&observer);
    if (posted.root, posted.leaves_count) != (root.root, root.leaves_count) {
        return Err(usage(
            "the report has another root than was posted: it needs every node of the observer's \
            report, with the figures as they were published",
        ));
    }
    let epoch: Epoch = account::get(rpc, &pda::epoch(report.epoch)).await?;
    let leaf = report.leaves(&observer)[place];
    check(&leaf, samples, epoch.secs)?;
    let accusation = accusation(context, reporter, observer).await?;
    let leaf = report.proved(&observer).swap_remove(place);
    let samples_root = leaf.samples_root;
    bring(context, reporter, samples).await?;
    // In one transaction: the rent never waits for somebody to think of it.
    let case =
        [open_samples_case(&accusation, leaf), close_exhibit(reporter.pubkey(), &samples_root)];
    let signature = context.send(reporter, &[], &case).await?;
    Ok((accusation, signature))
}

/// Refuses what would convict nobody.
fn check(leaf: &Leaf, samples: &[Sample], epoch_secs: u32) -> Result<()> {
    match contradiction(leaf, &sample::to_bytes(samples), epoch_secs) {
        Ok(_) => Ok(()),
        Err(NoContradiction::Agree) => {
            Err(usage("the leaf says what its samples give: there is no case"))
        }
        Err(_) => Err(usage("these are not the samples that the leaf commits to")),
    }
}

/// Writes what is not written yet.
async fn bring(context: &Context, reporter: &Keypair, samples: &[Sample]) -> Result<()> {
    let uploader = reporter.pubkey();
    let address = pda::exhibit(&uploader, &sample::root(samples));
    let known: Option<Exhibit> = account::find(&context.rpc, &address).await?;
    let bytes = sample::to_bytes(samples);
    let mut steps = exhibit_of(uploader, samples);
    if let Some(known) = known {
        if known.samples == bytes {
            return Ok(());
        }
        if known.samples.len() == bytes.len() {
            // Pieces that are there already do no harm.
            steps.remove(0);
        } else {
            steps.insert(0, close_exhibit(uploader, &known.samples_root));
        }
    }
    for step in steps {
        context.send(reporter, &[], &[step]).await?;
    }
    Ok(())
}
