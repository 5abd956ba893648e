//! Instructions of the registry: the network's beginning, nodes and apps here, the rest below.

mod governance;
mod keeper;

pub use governance::*;
pub use keeper::*;

use super::build;
use crate::pda::{self, REGISTRY};
use heliograph_registry::state::NodeStatus;
use heliograph_registry::{
    AppPolicy, InitializeNetworkArgs, NodeProfile, accounts, instruction as data,
};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// The mints and the treasury of a new network.
#[derive(Clone, Copy, Debug)]
pub struct NetworkTokens {
    /// What apps pay in.
    pub payment_mint: Pubkey,
    /// What operators stake.
    pub stake_mint: Pubkey,
    /// Token account of the payment mint.
    pub treasury: Pubkey,
}

/// Creates the network; `authority` is the registry's upgrade authority.
pub fn initialize_network(
    authority: Pubkey,
    tokens: NetworkTokens,
    args: InitializeNetworkArgs,
) -> Instruction {
    let accounts = accounts::InitializeNetwork {
        authority,
        network: pda::network(),
        payment_mint: tokens.payment_mint,
        stake_mint: tokens.stake_mint,
        treasury: tokens.treasury,
        this_program: REGISTRY,
        program_data: pda::program_data(&REGISTRY),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::InitializeNetwork { args })
}

/// Registers a node; operator and node key sign.
pub fn register_node(
    operator: Pubkey,
    node_key: Pubkey,
    payout: Pubkey,
    profile: NodeProfile,
) -> Instruction {
    let accounts = accounts::RegisterNode {
        operator,
        node_key,
        network: pda::network(),
        node: pda::node(&node_key),
        payout,
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::RegisterNode { profile })
}

/// Replaces a node's profile and payout account.
pub fn update_node(
    operator: Pubkey,
    node: Pubkey,
    payout: Pubkey,
    profile: NodeProfile,
) -> Instruction {
    let accounts = accounts::UpdateNode {
        operator,
        network: pda::network(),
        node,
        payout,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::UpdateNode { profile })
}

/// Moves a node through its lifecycle.
pub fn set_node_status(operator: Pubkey, node: Pubkey, status: NodeStatus) -> Instruction {
    let accounts = accounts::SetNodeStatus {
        operator,
        network: pda::network(),
        node,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::SetNodeStatus { status })
}

/// Creates an app.
pub fn create_app(authority: Pubkey, id: u32, policy: AppPolicy) -> Instruction {
    let accounts = accounts::CreateApp {
        authority,
        network: pda::network(),
        app: pda::app(&authority, id),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::CreateApp { id, policy })
}

/// Replaces an app's voucher signer and rules.
pub fn update_app(authority: Pubkey, app: Pubkey, policy: AppPolicy) -> Instruction {
    let accounts = accounts::UpdateApp {
        authority,
        app,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::UpdateApp { policy })
}
