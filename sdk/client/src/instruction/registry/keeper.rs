//! Observers and settlers, and the jail that nodes share with them.

use crate::instruction::build;
use crate::pda::{self, REGISTRY};
use heliograph_registry::state::{KeeperRole, KeeperStatus};
use heliograph_registry::{accounts, instruction as data};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// Registers a keeper; owner and keeper key sign.
pub fn register_keeper(
    owner: Pubkey,
    keeper_key: Pubkey,
    payout: Pubkey,
    role: KeeperRole,
    endpoint: String,
) -> Instruction {
    let accounts = accounts::RegisterKeeper {
        owner,
        keeper_key,
        network: pda::network(),
        keeper: pda::keeper(role, &keeper_key),
        payout,
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::RegisterKeeper { role, endpoint })
}

/// Replaces a keeper's endpoint and payout account.
pub fn update_keeper(
    owner: Pubkey,
    keeper: Pubkey,
    payout: Pubkey,
    endpoint: String,
) -> Instruction {
    let accounts = accounts::UpdateKeeper {
        owner,
        network: pda::network(),
        keeper,
        payout,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::UpdateKeeper { endpoint })
}

/// Moves a keeper through its lifecycle.
pub fn set_keeper_status(owner: Pubkey, keeper: Pubkey, status: KeeperStatus) -> Instruction {
    let accounts = accounts::SetKeeperStatus {
        owner,
        network: pda::network(),
        keeper,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::SetKeeperStatus { status })
}

/// Takes a node or keeper out of jail; `owner` is the node's operator or the keeper's owner.
pub fn unjail(owner: Pubkey, subject: Pubkey) -> Instruction {
    let accounts = accounts::Unjail {
        owner,
        network: pda::network(),
        subject,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::Unjail {})
}
