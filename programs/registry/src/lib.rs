//! Registry: the network's parameters, its nodes and its apps.
//!
//! Owns the `Network`, `Node` and `App` accounts; no other program writes them. It holds no money.
#![allow(clippy::result_large_err, reason = "Anchor's error type, in every signature")]

use anchor_lang::prelude::*;

#[cfg(target_os = "solana")]
use solana_compiler_builtins as _;

pub mod error;
pub mod events;
pub mod instructions;
pub mod seeds;
pub mod state;

pub use instructions::*;

declare_id!("reM4qLw9PfJ2F5i51rgcjdtRwLEQWoWtxMJsLVPADJK");

#[program]
pub mod heliograph_registry {
    use super::*;

    /// Creates the network. Only the program's upgrade authority can, once.
    pub fn initialize_network(
        ctx: Context<InitializeNetwork>,
        args: InitializeNetworkArgs,
    ) -> Result<()> {
        InitializeNetwork::handle(ctx, args)
    }

    /// Registers a node, `Pending` until it is staked and activated. Operator and node key sign.
    pub fn register_node(ctx: Context<RegisterNode>, profile: NodeProfile) -> Result<()> {
        RegisterNode::handle(ctx, profile)
    }

    /// Replaces a node's profile and payout account. Sessions already open keep their price.
    pub fn update_node(ctx: Context<UpdateNode>, profile: NodeProfile) -> Result<()> {
        UpdateNode::handle(ctx, profile)
    }

    /// Moves a node through its lifecycle; `Active` requires the minimum stake.
    pub fn set_node_status(ctx: Context<SetNodeStatus>, status: state::NodeStatus) -> Result<()> {
        SetNodeStatus::handle(ctx, status)
    }

    /// Takes note of a node's bonded stake. Only the staking program can call it.
    pub fn record_stake(ctx: Context<RecordStake>, bonded: u64) -> Result<()> {
        RecordStake::handle(ctx, bonded)
    }

    /// Creates an app of the signing authority.
    pub fn create_app(ctx: Context<CreateApp>, id: u32, policy: AppPolicy) -> Result<()> {
        CreateApp::handle(ctx, id, policy)
    }

    /// Replaces an app's voucher signer and rules. Sessions already open keep what they began with.
    pub fn update_app(ctx: Context<UpdateApp>, policy: AppPolicy) -> Result<()> {
        UpdateApp::handle(ctx, policy)
    }
}
