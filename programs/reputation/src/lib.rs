//! Reputation: what observers saw of nodes, and what follows from it.
//!
//! Owns `Epoch`, `Observation`, `Tally`, `Score` and `Standing` accounts; no other program writes
//! them. It holds no money. Medians, scores and standings are rules of `heliograph-protocol`:
//! nobody tells this program a score.
#![allow(clippy::result_large_err, reason = "Anchor's error type, in every signature")]

use anchor_lang::prelude::*;
use heliograph_protocol::reputation::Epoch;

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

pub mod clock;
pub mod error;
pub mod events;
pub mod instructions;
pub mod seeds;
pub mod state;

pub use instructions::*;

declare_id!("repC7VfGpQ6Sz5XJtzhiU5QAVM9QeStZPfCBwamXu2v");

#[program]
pub mod heliograph_reputation {
    use super::*;

    /// Commits an observer to its leaves of an epoch of `epoch_secs` that has just ended. The first
    /// one opens the epoch.
    pub fn post_root(
        ctx: Context<PostRoot>,
        epoch_start: u64,
        epoch_secs: u32,
        root: [u8; 32],
        leaves_count: u32,
    ) -> Result<()> {
        let epoch = Epoch { start: epoch_start, secs: epoch_secs };
        PostRoot::handle(ctx, epoch, root, leaves_count)
    }

    /// Shows one leaf under a root that was posted. Anyone may, for any observer.
    pub fn submit_leaf(ctx: Context<SubmitLeaf>, leaf: LeafArgs) -> Result<()> {
        SubmitLeaf::handle(ctx, leaf)
    }

    /// Computes a node's score of an epoch from the leaves shown, and judges the observers by it.
    /// Anyone may. The standings of all seated observers follow the accounts, in order of seats.
    pub fn score_node<'info>(ctx: Context<'info, ScoreNode<'info>>) -> Result<()> {
        ScoreNode::handle(ctx)
    }

    /// Closes a tally that is scored or cannot be; the rent goes back to who paid it. Anyone may.
    pub fn close_tally(ctx: Context<CloseTally>) -> Result<()> {
        CloseTally::handle(ctx)
    }

    /// Closes an observation that is kept no longer; the rent goes back to who paid it. Anyone may.
    pub fn close_observation(ctx: Context<CloseObservation>) -> Result<()> {
        CloseObservation::handle(ctx)
    }

    /// Closes an epoch without observations and tallies; the rent goes back to who paid it. Anyone
    /// may.
    pub fn close_epoch(ctx: Context<CloseEpoch>) -> Result<()> {
        CloseEpoch::handle(ctx)
    }
}
