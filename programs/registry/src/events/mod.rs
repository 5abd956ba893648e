//! What happened, for those who rebuild the accounts from history. Fields are only ever appended.

use crate::state::{KeeperRole, KeeperStatus, NetworkParams, NodeStatus};
use anchor_lang::prelude::*;
use heliograph_protocol::service::SERVICE_COUNT;

#[event]
#[derive(Clone, Debug)]
pub struct NetworkInitialized {
    pub network: Pubkey,
    pub authority: Pubkey,
    pub domain_id: [u8; 32],
    pub payment_mint: Pubkey,
    pub stake_mint: Pubkey,
    pub treasury: Pubkey,
    pub params: NetworkParams,
    pub guardian: Pubkey,
    pub staking_program: Pubkey,
    pub settlement_program: Pubkey,
    pub slashing_program: Pubkey,
    pub reputation_program: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct ParamsProposed {
    pub params: NetworkParams,
    pub treasury: Pubkey,
    pub proposed_at: i64,
    pub available_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct ParamsCancelled {
    pub proposed_at: i64,
    /// What was proposed: another proposal of the same second has the same time.
    pub params: NetworkParams,
    pub treasury: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct ParamsChanged {
    pub old_params: NetworkParams,
    pub params: NetworkParams,
    pub old_treasury: Pubkey,
    pub treasury: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct AuthorityProposed {
    pub authority: Pubkey,
    pub old_pending_authority: Pubkey,
    pub pending_authority: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct AuthorityChanged {
    pub old_authority: Pubkey,
    pub authority: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct GuardianChanged {
    pub old_guardian: Pubkey,
    pub guardian: Pubkey,
}

/// Emitted by `pause` and by `unpause`; the functions are bits of `state::pause`.
#[event]
#[derive(Clone, Debug)]
pub struct PauseChanged {
    pub signer: Pubkey,
    pub old_paused: u32,
    pub paused: u32,
}

#[event]
#[derive(Clone, Debug)]
pub struct NodeRegistered {
    pub node: Pubkey,
    pub node_key: Pubkey,
    pub operator: Pubkey,
    pub payout: Pubkey,
    pub services: u8,
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    pub country: [u8; 2],
    pub registered_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct NodeUpdated {
    pub node: Pubkey,
    pub payout: Pubkey,
    pub services: u8,
    pub old_prices_micro_usdc: [u64; SERVICE_COUNT],
    pub prices_micro_usdc: [u64; SERVICE_COUNT],
    pub country: [u8; 2],
}

#[event]
#[derive(Clone, Debug)]
pub struct NodeStatusChanged {
    pub node: Pubkey,
    pub from: NodeStatus,
    pub to: NodeStatus,
    pub stake: u64,
    pub changed_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct KeeperRegistered {
    pub keeper: Pubkey,
    pub role: KeeperRole,
    pub keeper_key: Pubkey,
    pub owner: Pubkey,
    pub payout: Pubkey,
    pub registered_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct KeeperUpdated {
    pub keeper: Pubkey,
    pub old_payout: Pubkey,
    pub payout: Pubkey,
}

#[event]
#[derive(Clone, Debug)]
pub struct KeeperStatusChanged {
    pub keeper: Pubkey,
    pub from: KeeperStatus,
    pub to: KeeperStatus,
    pub stake: u64,
    pub changed_at: i64,
}

/// The subject is a node or a keeper.
#[event]
#[derive(Clone, Debug)]
pub struct StakeRecorded {
    pub subject: Pubkey,
    pub old_stake: u64,
    pub stake: u64,
}

#[event]
#[derive(Clone, Debug)]
pub struct SubjectJailed {
    pub subject: Pubkey,
    pub old_jailed_until: i64,
    pub jailed_until: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct SubjectUnjailed {
    pub subject: Pubkey,
    pub jailed_until: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct AppCreated {
    pub app: Pubkey,
    pub authority: Pubkey,
    pub id: u32,
    pub voucher_signer: Pubkey,
    pub voucher_signer_expires_at: i64,
}

#[event]
#[derive(Clone, Debug)]
pub struct AppUpdated {
    pub app: Pubkey,
    pub old_voucher_signer: Pubkey,
    pub voucher_signer: Pubkey,
    pub voucher_signer_expires_at: i64,
}
