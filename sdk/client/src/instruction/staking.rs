//! Instructions of the staking program.

use super::build;
use crate::pda::{self, REGISTRY, STAKING};
use heliograph_staking::{accounts, instruction as data};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// Opens the position of a node or keeper; `owner` owns it. The mint is the payment mint for a
/// settler, else the stake mint.
pub fn open_position(owner: Pubkey, subject: Pubkey, mint: Pubkey) -> Instruction {
    let position = pda::position(&subject);
    let accounts = accounts::OpenPosition {
        owner,
        network: pda::network(),
        subject,
        position,
        mint,
        vault: pda::stake_vault(&position),
        token_program: spl_token_interface::ID,
        system_program: system_program::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::OpenPosition {})
}

fn recorder() -> accounts::Recorder {
    accounts::Recorder {
        stake_recorder: pda::stake_recorder(),
        registry_event_authority: pda::event_authority(&REGISTRY),
        registry_program: REGISTRY,
    }
}

/// Bonds `amount` from `source`.
pub fn deposit(
    owner: Pubkey,
    subject: Pubkey,
    mint: Pubkey,
    source: Pubkey,
    amount: u64,
) -> Instruction {
    let position = pda::position(&subject);
    let accounts = accounts::Deposit {
        owner,
        network: pda::network(),
        subject,
        position,
        mint,
        vault: pda::stake_vault(&position),
        source,
        recorder: recorder(),
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::Deposit { amount })
}

/// Starts the cooldown of `amount`.
pub fn unbond(owner: Pubkey, subject: Pubkey, amount: u64) -> Instruction {
    let accounts = accounts::Unbond {
        owner,
        network: pda::network(),
        subject,
        position: pda::position(&subject),
        recorder: recorder(),
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::Unbond { amount })
}

/// Pays out what has passed its cooldown to `destination`.
pub fn withdraw(owner: Pubkey, subject: Pubkey, mint: Pubkey, destination: Pubkey) -> Instruction {
    let position = pda::position(&subject);
    let accounts = accounts::Withdraw {
        owner,
        position,
        vault: pda::stake_vault(&position),
        mint,
        destination,
        token_program: spl_token_interface::ID,
        event_authority: pda::event_authority(&STAKING),
        program: STAKING,
    };
    build(STAKING, accounts, data::Withdraw {})
}
