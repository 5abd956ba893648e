//! `heliograph audit`.

use super::replay::{self, Replay};
use crate::context::Context;
use crate::exit::Exit;
use crate::keys::KeyRef;
use crate::output::Outcome;
use crate::progress::Spinner;
use crate::replay::selection::Selection;
use anyhow::Result;
use clap::Args;
use heliograph_audit::{Options, Report, audit};
use heliograph_client::{Rpc, pda};
use serde::Serialize;
use solana_pubkey::Pubkey;
use std::path::PathBuf;

/// Check every payment against the chain's history and a node's archive
#[derive(Debug, Args)]
#[command(
    long_about = "Check every payment against the chain's history and a node's archive.\n\n\
    Reads every transaction of the programs over RPC, carries it out again with the protocol's \
    rules, checks every signature and every receipt behind a payment, and compares the accounts \
    that follow with those on chain, byte for byte. Needs no key and writes nothing. Ends with 1 \
    when anything does not hold, and names the transaction or file.\n\n\
    With the audio of a session (--replay), segments of it drawn by chance are decoded again, as \
    `heliograph replay` does.",
    after_long_help = "EXAMPLES\n  \
    heliograph audit --archive ~/.heliograph/up/archive\n  \
    heliograph audit --archive s3://bucket/prefix --node node.json --rpc https://rpc.example --json\n  \
    heliograph audit --archive ARCHIVE --replay SESSION=talk.wav --sample 10"
)]
pub struct Audit {
    /// The archive: a folder, or the URL of an object store
    #[arg(long, value_name = "FOLDER_OR_URL")]
    pub archive: String,
    /// Node whose evidence the archive holds: its key or keypair file, repeatable [default: all]
    #[arg(long = "node", value_name = "NODE_KEY")]
    pub nodes: Vec<KeyRef>,
    /// Seconds by which a program's clock and its block's time may differ
    #[arg(long, value_name = "SECONDS", default_value_t = Options::default().clock_tolerance_secs)]
    pub clock_tolerance: u32,
    /// A session and its audio, as it was sent, repeatable
    #[arg(long = "replay", value_name = "SESSION=FILE", value_parser = recording)]
    pub replays: Vec<(Pubkey, PathBuf)>,
    /// Segments of each such session that are decoded again
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub sample: u32,
}

/// What an audit found, and what replays said.
#[derive(Debug, Serialize)]
struct Audited {
    #[serde(flatten)]
    report: Report,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    replays: Vec<replay::Report>,
}

fn recording(text: &str) -> Result<(Pubkey, PathBuf), String> {
    let parsed =
        text.split_once('=').and_then(|(session, file)| Some((session.parse().ok()?, file.into())));
    parsed.ok_or_else(|| "expected SESSION=FILE".to_owned())
}

impl Audit {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let nodes: Result<Vec<_>> =
            self.nodes.iter().map(|key| Ok(pda::node(&key.pubkey()?))).collect();
        let options = Options { clock_tolerance_secs: self.clock_tolerance, nodes: nodes? };
        let report = run(&context.rpc, &self.archive, options).await?;
        let mut exit = if report.is_clean() { Exit::Ok } else { Exit::Finding };
        let mut text = report.to_string();
        let mut replays = Vec::new();
        for (session, audio) in self.replays {
            let selection = Selection::Place { session, sequence: None, index: None };
            // By chance each time: what is drawn cannot be known before.
            let seed = rand::random();
            let replay = Replay::of(selection, audio, self.archive.clone(), self.sample, seed);
            let replayed = replay.run(context).await?;
            // What cannot be told is a failure only where there is nothing worse.
            if exit != Exit::Finding {
                exit = if replayed.exit() == Exit::Ok { exit } else { replayed.exit() };
            }
            text.push_str(&format!("\n{}", replayed.describe()));
            replays.push(replayed);
        }
        Ok(Outcome::new(&Audited { report, replays }, text)?.exiting(exit))
    }
}

/// Audits, with a line for people meanwhile.
pub async fn run(rpc: &Rpc, archive: &str, options: Options) -> Result<Report> {
    let _spinner = Spinner::new("replaying the chain");
    Ok(audit(rpc, archive, options).await?)
}
