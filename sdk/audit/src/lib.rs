//! The auditor: anyone with an RPC URL and an archive replays the network and compares.
//!
//! It reads every transaction of the programs, carries it out again with the rules of
//! `heliograph-protocol`, verifies every signature and every receipt behind a payment, and holds
//! the accounts that follow against those on chain, byte for byte. It trusts neither events nor
//! balances nor names of files. It writes nothing.
//!
//! [`audit`] reads from RPC and archive; [`Auditor`] is the same without the sources.
#![deny(missing_docs)]

mod auditor;
mod compare;
mod error;
mod evidence;
mod finding;
mod history;
mod replay;
mod report;
mod source;
mod world;

pub use auditor::Auditor;
pub use compare::Snapshot;
pub use error::Error;
pub use finding::{Finding, FindingKind, Severity};
pub use report::{Minute, Report, Settlement, Totals};

use heliograph_client::account::NetworkAccount;
use heliograph_client::{Rpc, pda};
use heliograph_registry::state::Network;
use heliograph_store::Archive;
use solana_pubkey::Pubkey;

/// What an audit covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// How far the time a program saw may lie from its block's time. The same on Solana; on the
    /// embedded cluster the block's time is that of its end, later on a busy machine.
    pub clock_tolerance_secs: u32,
    /// Nodes (registry accounts) whose evidence the archive is expected to hold; empty = all.
    pub nodes: Vec<Pubkey>,
}

impl Default for Options {
    fn default() -> Self {
        Self { clock_tolerance_secs: 10, nodes: Vec::new() }
    }
}

/// Times the accounts are read before a chain is called too busy.
const ROUNDS_MAX: usize = 8;

/// Audits a network: history and accounts over `rpc`, evidence from the archive at `archive_url`
/// (a folder's path or a URL, see [`Archive::open`]).
///
/// An RPC that does not answer is an error, and so is a cluster without a network. Everything that
/// can be held against chain or archive is a [`Finding`].
pub async fn audit(rpc: &Rpc, archive_url: &str, options: Options) -> Result<Report, Error> {
    let archive = Archive::open(archive_url)?;
    let mut auditor = Auditor::new(options);
    let mut history = source::History::default();
    history.read(rpc, &mut auditor).await?;
    source::file_all(&archive, &mut auditor).await?;
    for _ in 0..ROUNDS_MAX {
        // What was archived and redeemed while the archive was being listed.
        history.read(rpc, &mut auditor).await?;
        for (kind, name) in auditor.missing() {
            source::file(&archive, &mut auditor, kind, &name).await?;
        }
        let chain = source::snapshot(rpc, &auditor.vaults()).await?;
        if history.read(rpc, &mut auditor).await? > 0 {
            continue;
        }
        let network = pda::network();
        if !chain.accounts.contains_key(&network) && auditor.domain().is_none() {
            let missing =
                heliograph_client::Error::Missing { what: Network::NAME, address: network };
            return Err(missing.into());
        }
        return Ok(auditor.finish(&chain));
    }
    Err(Error::Busy { rounds: ROUNDS_MAX })
}
