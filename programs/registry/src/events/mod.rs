//! What happened, for those who rebuild the accounts from history. Fields are only ever appended.

use crate::state::{NetworkParams, NodeStatus};
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
pub struct StakeRecorded {
    pub node: Pubkey,
    pub old_stake: u64,
    pub stake: u64,
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
