//! `heliograph audit`.

use crate::context::Context;
use crate::exit::Exit;
use crate::keys::KeyRef;
use crate::output::Outcome;
use crate::progress::Spinner;
use anyhow::Result;
use clap::Args;
use heliograph_audit::{Options, Report, audit};
use heliograph_client::{Rpc, pda};

/// Check every payment against the chain's history and a node's archive
#[derive(Debug, Args)]
#[command(
    long_about = "Check every payment against the chain's history and a node's archive.\n\n\
    Reads every transaction of the programs over RPC, carries it out again with the protocol's \
    rules, checks every signature and every receipt behind a payment, and compares the accounts \
    that follow with those on chain, byte for byte. Needs no key and writes nothing. Ends with 1 \
    when anything does not hold, and names the transaction or file.",
    after_long_help = "EXAMPLES\n  \
    heliograph audit --archive ~/.heliograph/up/archive\n  \
    heliograph audit --archive s3://bucket/prefix --node node.json --rpc https://rpc.example --json"
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
}

impl Audit {
    pub async fn execute(self, context: &Context) -> Result<Outcome> {
        let nodes: Result<Vec<_>> =
            self.nodes.iter().map(|key| Ok(pda::node(&key.pubkey()?))).collect();
        let options = Options { clock_tolerance_secs: self.clock_tolerance, nodes: nodes? };
        let report = run(&context.rpc, &self.archive, options).await?;
        let exit = if report.is_clean() { Exit::Ok } else { Exit::Finding };
        Ok(Outcome::new(&report, report.to_string())?.exiting(exit))
    }
}

/// Audits, with a line for people meanwhile.
pub async fn run(rpc: &Rpc, archive: &str, options: Options) -> Result<Report> {
    let _spinner = Spinner::new("replaying the chain");
    Ok(audit(rpc, archive, options).await?)
}
