//! The node role: serves streams, meters minutes, collects signatures, brings vouchers on chain.
//!
//! ```text
//! client ⇄ stream ⇄ speech worker         audio in, text out
//! host   ⇄ call   ⇄ SFU worker            participants of calls, counted
//! host   ⇄ speech ⇄ speech worker         streams of who carries a session key
//!            │ meter: minutes → receipts   pure
//!            ▼
//!          ledger ──▶ archive              evidence
//!            │
//!            ▼
//!          settle ──▶ chain                money
//! ```
//!
//! What survives a crash is in the ledger (`heliograph-store`); everything else here can be lost
//! at any instruction. A receipt leaves the node only after the ledger has it.
#![deny(missing_docs)]

mod archive;
mod auth;
mod call;
mod chain;
pub mod config;
mod due;
mod error;
mod http;
mod meter;
mod promises;
mod settle;
mod solvency;
mod speech;
mod state;
mod stream;
mod time;
mod worker;

pub use config::{CallsConfig, NodeConfig, Redeem, TranscriptionConfig};
pub use error::Error;

use heliograph_client::Rpc;
use state::NodeState;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How long streams may take to end.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);
const DRAIN_POLL: Duration = Duration::from_millis(50);

/// Runs the role until `shutdown` is cancelled: then streams end in order, and what is signed stays
/// in the ledger for the next start.
pub async fn run(config: NodeConfig, rpc: Rpc, shutdown: CancellationToken) -> Result<(), Error> {
    // The port first: a second node on it is told at once, not after the model has loaded.
    let listener = http::bind(config.listen).await?;
    let state = Arc::new(NodeState::open(&config, rpc, shutdown.clone()).await?);
    tracing::info!(node = %state.node_key(), listen = %config.listen, "node role started");

    let archive = tokio::spawn(archive::run(state.clone()));
    let settle = tokio::spawn(settle::run(state.clone()));
    let served = http::serve(listener, state.clone()).await;

    // Streams outlive the server: they end with a receipt and a reason, for which they need the
    // worker, the ledger and time.
    shutdown.cancel();
    let drained = async {
        while state.active_streams() > 0 {
            tokio::time::sleep(DRAIN_POLL).await;
        }
    };
    if tokio::time::timeout(DRAIN_LIMIT, drained).await.is_err() {
        tracing::warn!(streams = state.active_streams(), "streams broken off");
    }
    state.drained.cancel();
    for task in [archive, settle] {
        if let Err(error) = task.await {
            tracing::error!(%error, "task of the node role panicked");
        }
    }
    state.worker.stopped().await;
    if let Some(calls) = &state.calls {
        calls.stopped().await;
    }
    served
}
