//! The staking program's instructions: positions here, delegations below. Accounts come in the
//! order of its accounts structs; the report to the registry that some of them make is a call of
//! its own.

mod delegation;

use super::registry::subject;
use super::step::{Step, Stop};
use crate::history::Move;
use heliograph_client::pda;
use heliograph_registry::state::Network;
use heliograph_staking::events::{
    HoldReleased, PositionOpened, StakeDeposited, StakeHeld, StakeSlashed, StakeUnbonding,
    StakeWithdrawn,
};
use heliograph_staking::state::{Position, Role, UNBONDING_SLOTS, Unbonding};
use heliograph_staking::{instruction as ix, seeds};
use solana_pubkey::Pubkey;

pub(super) fn apply(step: &mut Step<'_>) -> Result<(), Stop> {
    if let Some(ix::OpenPosition {}) = step.args() {
        open_position(step)
    } else if let Some(ix::Deposit { amount }) = step.args() {
        deposit(step, amount)
    } else if let Some(ix::Unbond { amount }) = step.args() {
        unbond(step, amount)
    } else if let Some(ix::Withdraw {}) = step.args() {
        withdraw(step)
    } else if let Some(ix::Slash { amount }) = step.args() {
        slash(step, amount)
    } else if let Some(ix::Hold { amount }) = step.args() {
        hold(step, amount)
    } else if let Some(ix::ReleaseHold { amount }) = step.args() {
        release_hold(step, amount)
    } else {
        delegation::apply(step).unwrap_or_else(|| Err(step.unknown()))
    }
}

fn open_position(step: &mut Step<'_>) -> Result<(), Stop> {
    let [owner, network, subject_address, address, mint, vault] = step.accounts()?;
    step.address("network", network, pda::network());
    let terms: Network = step.get(&network)?;
    step.address("staking program", pda::STAKING, terms.staking_program);
    let subject = subject(step, &subject_address)?;
    step.address("mint", mint, subject.stake_mint(&terms));
    step.address("owner", owner, subject.owner());
    let role = Role::of(&subject);
    let seeds = [seeds::POSITION, subject_address.as_ref()];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::STAKING);
    step.address("position", address, expected);
    let (expected, vault_bump) =
        Pubkey::find_program_address(&[seeds::VAULT, address.as_ref()], &pda::STAKING);
    step.address("vault", vault, expected);
    step.vacant(&address);
    step.world.create(
        address,
        &Position {
            version: Position::VERSION,
            bump,
            vault_bump,
            role,
            subject: subject_address,
            owner,
            mint,
            bonded: 0,
            unbonding: [Unbonding::default(); UNBONDING_SLOTS],
            opened_at: step.now,
            delegated: 0,
            delegated_shares: 0,
            undelegating_shares: 0,
            reward_per_share: 0,
            held: 0,
            held_delegated: 0,
            reserved: [0; 112],
        },
    );
    let subject = subject_address;
    step.event(PositionOpened { position: address, subject, owner, role, mint });
    Ok(())
}

fn deposit(step: &mut Step<'_>, amount: u64) -> Result<(), Stop> {
    let [owner, network, subject, address, mint, vault, source] = step.accounts()?;
    step.address("network", network, pda::network());
    let mut position: Position = step.get(&address)?;
    step.address("mint", mint, position.mint);
    step.address("owner", owner, position.owner);
    step.address("subject", subject, position.subject);
    step.address("vault", vault, pda::stake_vault(&address));
    step.allowed(position.bond(amount))?;
    step.world.put(address, &position);
    step.moves.push(Move::transfer(source, vault, amount));
    step.event(StakeDeposited { position: address, amount, bonded: position.bonded });
    Ok(())
}

fn unbond(step: &mut Step<'_>, amount: u64) -> Result<(), Stop> {
    let [owner, network, subject, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let cooldown_secs = step.get::<Network>(&network)?.params.unbonding_secs;
    let mut position: Position = step.get(&address)?;
    step.address("owner", owner, position.owner);
    step.address("subject", subject, position.subject);
    let available_at = step.now.saturating_add(cooldown_secs.into());
    step.allowed(position.start_unbonding(amount, available_at))?;
    step.world.put(address, &position);
    let unbonding = step.allowed(position.unbonding_total())?;
    step.event(StakeUnbonding {
        position: address,
        amount,
        available_at,
        bonded: position.bonded,
        unbonding,
    });
    Ok(())
}

fn withdraw(step: &mut Step<'_>) -> Result<(), Stop> {
    let [owner, address, vault, _mint, destination] = step.accounts()?;
    let mut position: Position = step.get(&address)?;
    step.address("owner", owner, position.owner);
    step.address("vault", vault, pda::stake_vault(&address));
    let amount = step.allowed(position.take_matured(step.now))?;
    step.world.put(address, &position);
    step.moves.push(Move::transfer(vault, destination, amount));
    let unbonding = step.allowed(position.unbonding_total())?;
    step.event(StakeWithdrawn { position: address, amount, unbonding });
    Ok(())
}

/// Called by the slashing program.
fn slash(step: &mut Step<'_>, requested: u64) -> Result<(), Stop> {
    let [slasher, network, subject, address, mint, vault, destination] = step.accounts()?;
    step.address("network", network, pda::network());
    let slashing = step.get::<Network>(&network)?.slashing_program;
    let expected = Pubkey::find_program_address(&[seeds::SLASHER], &slashing).0;
    step.address("slasher", slasher, expected);
    let mut position: Position = step.get(&address)?;
    step.address("subject", subject, position.subject);
    step.address("mint", mint, position.mint);
    step.address("vault", vault, pda::stake_vault(&address));
    let amount = position.slash(requested).total();
    step.world.put(address, &position);
    step.moves.push(Move::transfer(vault, destination, amount));
    let unbonding = step.allowed(position.unbonding_total())?;
    step.event(StakeSlashed {
        position: address,
        destination,
        requested,
        amount,
        bonded: position.bonded,
        unbonding,
        delegated: position.delegated,
        held: position.held,
        held_delegated: position.held_delegated,
    });
    Ok(())
}

/// The slasher's part of a call by the slashing program, and the position it is about.
fn held_position(step: &mut Step<'_>) -> Result<(Pubkey, Position), Stop> {
    let [slasher, network, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let slashing = step.get::<Network>(&network)?.slashing_program;
    let expected = Pubkey::find_program_address(&[seeds::SLASHER], &slashing).0;
    step.address("slasher", slasher, expected);
    Ok((address, step.get(&address)?))
}

/// Called by the slashing program.
fn hold(step: &mut Step<'_>, requested: u64) -> Result<(), Stop> {
    let (address, mut position) = held_position(step)?;
    let amount = position.hold(requested);
    step.world.put(address, &position);
    step.event(StakeHeld {
        position: address,
        requested,
        amount,
        held: position.held,
        held_delegated: position.held_delegated,
    });
    Ok(())
}

/// Called by the slashing program.
fn release_hold(step: &mut Step<'_>, requested: u64) -> Result<(), Stop> {
    let (address, mut position) = held_position(step)?;
    let amount = position.release_hold(requested);
    step.world.put(address, &position);
    step.event(HoldReleased {
        position: address,
        requested,
        amount,
        held: position.held,
        held_delegated: position.held_delegated,
    });
    Ok(())
}
