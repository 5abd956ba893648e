//! Why a program refused, as tests expect it.

use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_registry::error::RegistryError;
use heliograph_reputation::error::ReputationError;
use heliograph_settlement::error::SettlementError;
use heliograph_slashing::error::SlashingError;
use heliograph_staking::error::StakingError;
use solana_pubkey::Pubkey;
use std::cell::RefCell;
use std::collections::BTreeSet;

/// An error number, whose it is and what it is called.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Reason {
    /// The program that refuses.
    pub program: Pubkey,
    /// The number in `Custom(number)`.
    pub number: u32,
    /// The error's name.
    pub name: String,
}

macro_rules! from_error {
    ($($error:ident: $program:ident),*) => {$(
        impl From<$error> for Reason {
            fn from(error: $error) -> Self {
                Self { program: pda::$program, number: error.into(), name: error.name() }
            }
        }
    )*};
}

from_error! {
    RegistryError: REGISTRY, StakingError: STAKING, SettlementError: SETTLEMENT,
    ReputationError: REPUTATION, SlashingError: SLASHING
}

/// An error of the framework, raised inside `program`.
pub fn in_program(program: Pubkey, error: ErrorCode) -> Reason {
    Reason { program, number: error.into(), name: error.name() }
}

/// An error of the registry's frame.
pub fn in_registry(error: ErrorCode) -> Reason {
    in_program(pda::REGISTRY, error)
}

/// An error of staking's frame.
pub fn in_staking(error: ErrorCode) -> Reason {
    in_program(pda::STAKING, error)
}

/// An error of settlement's frame.
pub fn in_settlement(error: ErrorCode) -> Reason {
    in_program(pda::SETTLEMENT, error)
}

/// An error of reputation's frame.
pub fn in_reputation(error: ErrorCode) -> Reason {
    in_program(pda::REPUTATION, error)
}

/// An error of slashing's frame.
pub fn in_slashing(error: ErrorCode) -> Reason {
    in_program(pda::SLASHING, error)
}

/// An error of a program that is not ours, such as the token program.
pub fn foreign(program: Pubkey, number: u32, name: &str) -> Reason {
    Reason { program, number, name: name.to_owned() }
}

/// The token account holds less than is taken from it.
pub fn too_few_tokens() -> Reason {
    foreign(spl_token_interface::ID, 1, "InsufficientFunds")
}

/// The signer does not own the token account.
pub fn not_token_owner() -> Reason {
    foreign(spl_token_interface::ID, 4, "OwnerMismatch")
}

/// The wallet holds fewer lamports than it is to pay.
pub fn too_few_lamports() -> Reason {
    foreign(solana_sdk_ids::system_program::ID, 1, "ResultWithNegativeLamports")
}

/// The address to be created holds an account already.
pub fn already_in_use() -> Reason {
    foreign(solana_sdk_ids::system_program::ID, 0, "AccountAlreadyInUse")
}

thread_local! {
    static REACHED: RefCell<BTreeSet<(Pubkey, u32)>> = const { RefCell::new(BTreeSet::new()) };
}

pub(crate) fn remember(reason: &Reason) {
    REACHED.with_borrow_mut(|reached| reached.insert((reason.program, reason.number)));
}

/// Whether a refusal for `reason` has been seen on this thread.
pub fn was_reached(reason: &Reason) -> bool {
    REACHED.with_borrow(|reached| reached.contains(&(reason.program, reason.number)))
}

/// Forgets the refusals seen on this thread.
pub fn forget() {
    REACHED.with_borrow_mut(BTreeSet::clear);
}
