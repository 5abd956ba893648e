//! Registry: the network's parameters, its nodes, keepers and apps.
//!
//! Owns the `Network`, `ParamsChange`, `Node`, `Keeper` and `App` accounts; no other program writes
//! them. It holds no money.
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
use state::{KeeperRole, KeeperStatus, NetworkParams, NodeStatus};

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

    /// Announces parameters, and the treasury, for when the timelock is over. The authority signs.
    pub fn propose_params(ctx: Context<ProposeParams>, params: NetworkParams) -> Result<()> {
        ProposeParams::handle(ctx, params)
    }

    /// Takes the announced parameters back. The authority signs.
    pub fn cancel_params(ctx: Context<CancelParams>) -> Result<()> {
        CancelParams::handle(ctx)
    }

    /// Puts the announced parameters in force. Anybody can, once the timelock is over.
    pub fn apply_params(ctx: Context<ApplyParams>) -> Result<()> {
        ApplyParams::handle(ctx)
    }

    /// Names who becomes the authority by accepting; zero takes it back. The authority signs.
    pub fn propose_authority(
        ctx: Context<ProposeAuthority>,
        pending_authority: Pubkey,
    ) -> Result<()> {
        ProposeAuthority::handle(ctx, pending_authority)
    }

    /// Becomes the authority. Who was proposed signs.
    pub fn accept_authority(ctx: Context<AcceptAuthority>) -> Result<()> {
        AcceptAuthority::handle(ctx)
    }

    /// Names who may pause; zero for nobody. The authority signs.
    pub fn set_guardian(ctx: Context<SetGuardian>, guardian: Pubkey) -> Result<()> {
        SetGuardian::handle(ctx, guardian)
    }

    /// Pauses functions, bits of `state::pause`. Guardian or authority sign.
    pub fn pause(ctx: Context<Pause>, functions: u32) -> Result<()> {
        Pause::handle(ctx, functions)
    }

    /// Lets paused functions go on. The authority alone signs.
    pub fn unpause(ctx: Context<Unpause>, functions: u32) -> Result<()> {
        Unpause::handle(ctx, functions)
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
    pub fn set_node_status(ctx: Context<SetNodeStatus>, status: NodeStatus) -> Result<()> {
        SetNodeStatus::handle(ctx, status)
    }

    /// Registers an observer or settler, `Pending` until it is staked and activated. Owner and
    /// keeper key sign.
    pub fn register_keeper(
        ctx: Context<RegisterKeeper>,
        role: KeeperRole,
        endpoint: String,
    ) -> Result<()> {
        RegisterKeeper::handle(ctx, role, endpoint)
    }

    /// Replaces a keeper's endpoint and payout account.
    pub fn update_keeper(ctx: Context<UpdateKeeper>, endpoint: String) -> Result<()> {
        UpdateKeeper::handle(ctx, endpoint)
    }

    /// Moves a keeper through its lifecycle; `Active` requires the minimum stake of its role.
    pub fn set_keeper_status(ctx: Context<SetKeeperStatus>, status: KeeperStatus) -> Result<()> {
        SetKeeperStatus::handle(ctx, status)
    }

    /// Takes note of the bonded stake of a node or keeper. Only the staking program can call it.
    pub fn record_stake(ctx: Context<RecordStake>, bonded: u64) -> Result<()> {
        RecordStake::handle(ctx, bonded)
    }

    /// Jails a node or keeper until a time at least. Only the slashing program can call it.
    pub fn jail(ctx: Context<Jail>, until: i64) -> Result<()> {
        Jail::handle(ctx, until)
    }

    /// Takes a node or keeper out of jail when its time is over and its stake suffices. Its owner
    /// signs; it is `Pending` then.
    pub fn unjail(ctx: Context<Unjail>) -> Result<()> {
        Unjail::handle(ctx)
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
