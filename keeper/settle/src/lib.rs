//! The settle role: collects vouchers from nodes, posts them in minute batches, claims what they
//! say, and answers for them.
//!
//! ```text
//! nodes ─▶ collect ─▶ database ─▶ post ─▶ chain: a root a minute
//!                        │  ▲               │
//!                        │  └── outcome ────┤    the book says what became of a batch
//!                        ├────▶ claim ─────▶│    when its window is over and it pays the fee
//!                        ├────▶ challenge ─▶│    first of all, in a task of its own
//!                        └────▶ http            leaves, proofs, vouchers for anybody
//! ```
//!
//! What survives a crash is in the database (`heliograph-store`) and in the settler's book on
//! chain; everything else here can be lost at any instruction. A batch leaves the settler only after
//! the database has it, and a minute's batch is never made twice.
#![deny(missing_docs)]

mod chain;
mod challenge;
mod claim;
mod collect;
pub mod config;
mod error;
mod fate;
mod fetch;
mod http;
mod plan;
mod post;
mod select;
mod state;
mod time;
mod verify;

pub use config::SettleConfig;
pub use error::Error;

use heliograph_client::Rpc;
use state::SettleState;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Runs the role until `shutdown` is cancelled. What is collected and posted stays in the database
/// for the next start.
pub async fn run(config: SettleConfig, rpc: Rpc, shutdown: CancellationToken) -> Result<(), Error> {
    // The port first: a second settler on it is told at once.
    let listener = http::bind(config.listen).await?;
    let state = Arc::new(SettleState::open(config, rpc, shutdown.clone()).await?);
    tracing::info!(
        keeper = %state.keeper_address(),
        book = %state.book_address(),
        listen = %state.config.listen,
        "settle role started"
    );

    let tasks = [
        tokio::spawn(challenge::run(state.clone())),
        tokio::spawn(collect::run(state.clone())),
        tokio::spawn(post::run(state.clone())),
        tokio::spawn(claim::run(state.clone())),
    ];
    let served = http::serve(listener, state).await;
    shutdown.cancel();
    for task in tasks {
        if let Err(error) = task.await {
            tracing::error!(%error, "task of the settle role panicked");
        }
    }
    served
}
