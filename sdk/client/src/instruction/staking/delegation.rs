//! Delegating stake to nodes.

use crate::instruction::build;
use crate::pda::{self, STAKING};
use heliograph_staking::{accounts, instruction as data};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// Opens the account in which `delegator` delegates to a node.
pub fn open_delegation(delegator: Pubkey, node: Pubkey) -> Instruction {
    let position = pda::position(&node);
    let accounts = accounts::OpenDelegation {
        delegator,
        position,
        delegation: pda::delegation(&position, &delegator),
        system_program: system_program::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::OpenDelegation {})
}

/// Delegates `amount` from `source`.
pub fn delegate(
    delegator: Pubkey,
    node: Pubkey,
    mint: Pubkey,
    source: Pubkey,
    amount: u64,
) -> Instruction {
    let position = pda::position(&node);
    let accounts = accounts::Delegate {
        delegator,
        position,
        delegation: pda::delegation(&position, &delegator),
        mint,
        vault: pda::stake_vault(&position),
        source,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::Delegate { amount })
}

/// Starts the cooldown of `shares`.
pub fn undelegate(delegator: Pubkey, node: Pubkey, shares: u64) -> Instruction {
    let position = pda::position(&node);
    let accounts = accounts::Undelegate {
        delegator,
        network: pda::network(),
        position,
        delegation: pda::delegation(&position, &delegator),
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::Undelegate { shares })
}

/// Pays what has passed its cooldown to `destination`.
pub fn withdraw_delegation(
    delegator: Pubkey,
    node: Pubkey,
    mint: Pubkey,
    destination: Pubkey,
) -> Instruction {
    let position = pda::position(&node);
    let accounts = accounts::WithdrawDelegation {
        delegator,
        position,
        delegation: pda::delegation(&position, &delegator),
        mint,
        vault: pda::stake_vault(&position),
        destination,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::WithdrawDelegation {})
}

/// Rewards a node's delegators from `source`. The position's token account of the payment mint must
/// exist: [`create_token_account`](super::super::token::create_token_account).
pub fn add_rewards(
    funder: Pubkey,
    node: Pubkey,
    payment_mint: Pubkey,
    source: Pubkey,
    amount_micro_usdc: u64,
) -> Instruction {
    let position = pda::position(&node);
    let accounts = accounts::AddRewards {
        funder,
        network: pda::network(),
        position,
        payment_mint,
        rewards_vault: pda::token_account(&position, &payment_mint),
        source,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::AddRewards { amount_micro_usdc })
}

/// Pays a delegator's rewards to `destination`.
pub fn claim_rewards(
    delegator: Pubkey,
    node: Pubkey,
    payment_mint: Pubkey,
    destination: Pubkey,
) -> Instruction {
    let position = pda::position(&node);
    let accounts = accounts::ClaimRewards {
        delegator,
        network: pda::network(),
        position,
        delegation: pda::delegation(&position, &delegator),
        payment_mint,
        rewards_vault: pda::token_account(&position, &payment_mint),
        destination,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::ClaimRewards {})
}

/// Closes a delegation that holds nothing.
pub fn close_delegation(delegator: Pubkey, node: Pubkey) -> Instruction {
    let position = pda::position(&node);
    let accounts = accounts::CloseDelegation {
        delegator,
        position,
        delegation: pda::delegation(&position, &delegator),
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::CloseDelegation {})
}
