//! Who is paid, read from the registry's accounts where it stands in them: a claim needs one address
//! of each, and nothing else.

use crate::error::SettlementError;
use anchor_lang::Discriminator;
use anchor_lang::error::ErrorCode;
use anchor_lang::prelude::*;
use heliograph_registry::state::{Keeper, Network, Node};

/// Where `payout` stands in a `Node`: after version, bump, status, node key and operator.
pub const NODE_PAYOUT_AT: usize = Node::DISCRIMINATOR.len() + 3 + 2 * 32;
/// Where `payout` stands in a `Keeper`: after version, bump, role, status, keeper key and owner.
pub const KEEPER_PAYOUT_AT: usize = Keeper::DISCRIMINATOR.len() + 4 + 2 * 32;
/// Where `treasury` stands in a `Network`: after version, bump, authority, pending authority,
/// guardian, paused, domain, payment mint and stake mint.
pub const NETWORK_TREASURY_AT: usize = Network::DISCRIMINATOR.len() + 2 + 3 * 32 + 4 + 3 * 32;

/// Refuses a payee that is not the one `account`, the registry's of type `T`, names at `at`, or
/// that is the vault itself: an escrow paying itself would count what it still holds as spent.
pub(crate) fn check_payee<T: Discriminator>(
    account: &AccountInfo<'_>,
    at: usize,
    payee: &Pubkey,
    vault: &Pubkey,
) -> Result<()> {
    require!(*account.owner == heliograph_registry::ID, ErrorCode::AccountOwnedByWrongProgram);
    let data = account.try_borrow_data()?;
    require!(data.starts_with(T::DISCRIMINATOR), ErrorCode::AccountDiscriminatorMismatch);
    let named = data.get(at..at + 32).ok_or(ErrorCode::AccountDidNotDeserialize)?;
    require!(named == payee.as_ref() && payee != vault, SettlementError::OtherPayee);
    Ok(())
}
