//! `heliograph observer`.

mod post;
mod reveal;
mod standing;

use crate::context::Context;
use crate::output::Outcome;
use anyhow::Result;
use clap::Subcommand;

/// Post what an observer saw, show it, and how well observers do their work
#[derive(Debug, Subcommand)]
#[command(
    long_about = "Post what an observer saw, show it, and how well observers do their work. An \
    observer is a keeper: `heliograph keeper register --role observer`.\n\n\
    Samples are JSON: {\"epoch\": UNIX_SECS, \"epoch_secs\": 3600, \"nodes\": [{\"node_key\": …, \
    \"samples\": [{\"at_secs\": 0, \"setup_us\": …, \"rtt_us\": …, \"jitter_us\": …, \
    \"packets_sent\": …, \"packets_lost\": …, \"words_spoken\": …, \"words_wrong\": …, \
    \"latency_us\": …}]}]}. at_secs counts from the beginning of the epoch and grows; times in µs \
    that were not measured are left out or null. A probe that reached nobody is its at_secs alone. A \
    node may have \"figures\" of its own, as published, and then \"samples_root\" in the place of \
    samples. A folder of such files is one report.",
    after_long_help = "EXAMPLES\n  \
    heliograph observer post --keeper-key observer.json --samples epoch-1780002000/\n  \
    heliograph observer reveal OBSERVER_KEY --samples epoch-1780002000/\n  \
    heliograph observer standing OBSERVER_KEY"
)]
pub enum Observer {
    /// Post an epoch's root over what the observer saw
    Post(post::Post),
    /// Show the leaves under a root that an observer posted
    Reveal(reveal::Reveal),
    /// Show an observer's standing, or all
    Standing(standing::Standing),
}

impl Observer {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        match self {
            Self::Post(post) => post.execute(context).await,
            Self::Reveal(reveal) => reveal.execute(context).await,
            Self::Standing(standing) => standing.execute(context).await,
        }
    }
}
