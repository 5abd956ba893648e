//! Changing the network: parameters, authority, guardian, pauses.

use crate::instruction::build;
use crate::pda::{self, REGISTRY};
use heliograph_registry::state::NetworkParams;
use heliograph_registry::{accounts, instruction as data};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_sdk_ids::system_program;

/// Announces parameters and treasury; `authority` pays the rent.
pub fn propose_params(authority: Pubkey, treasury: Pubkey, params: NetworkParams) -> Instruction {
    let accounts = accounts::ProposeParams {
        authority,
        network: pda::network(),
        params_change: pda::params_change(),
        treasury,
        system_program: system_program::ID,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::ProposeParams { params })
}

/// Takes an announcement back; the rent goes to `rent_payer`, who proposed it.
pub fn cancel_params(authority: Pubkey, rent_payer: Pubkey) -> Instruction {
    let accounts = accounts::CancelParams {
        authority,
        network: pda::network(),
        params_change: pda::params_change(),
        rent_payer,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::CancelParams {})
}

/// Puts an announcement in force; treasury and rent payer are those it names. Nobody signs.
pub fn apply_params(treasury: Pubkey, rent_payer: Pubkey) -> Instruction {
    let accounts = accounts::ApplyParams {
        network: pda::network(),
        params_change: pda::params_change(),
        treasury,
        rent_payer,
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::ApplyParams {})
}

/// Names who may become the authority; zero for nobody.
pub fn propose_authority(authority: Pubkey, pending_authority: Pubkey) -> Instruction {
    let accounts = accounts::ProposeAuthority {
        authority,
        network: pda::network(),
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::ProposeAuthority { pending_authority })
}

/// Becomes the authority.
pub fn accept_authority(pending_authority: Pubkey) -> Instruction {
    let accounts = accounts::AcceptAuthority {
        pending_authority,
        network: pda::network(),
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::AcceptAuthority {})
}

/// Names who may pause; zero for nobody.
pub fn set_guardian(authority: Pubkey, guardian: Pubkey) -> Instruction {
    let accounts = accounts::SetGuardian {
        authority,
        network: pda::network(),
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::SetGuardian { guardian })
}

/// Pauses functions; `signer` is guardian or authority.
pub fn pause(signer: Pubkey, functions: u32) -> Instruction {
    let accounts = accounts::Pause {
        signer,
        network: pda::network(),
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::Pause { functions })
}

/// Lets functions go on.
pub fn unpause(authority: Pubkey, functions: u32) -> Instruction {
    let accounts = accounts::Unpause {
        authority,
        network: pda::network(),
        event_authority: pda::event_authority(&REGISTRY),
        program: REGISTRY,
    };
    build(REGISTRY, accounts, data::Unpause { functions })
}
