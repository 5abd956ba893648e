//! Delegating to nodes, and what it earns.

use crate::history::Move;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_registry::state::Network;
use heliograph_staking::events::{
    DelegationClosed, DelegationOpened, DelegationWithdrawn, RewardsAdded, RewardsClaimed,
    StakeDelegated, StakeUndelegating,
};
use heliograph_staking::state::{Delegation, Position, Role, UNDELEGATION_SLOTS, Undelegation};
use heliograph_staking::{instruction as ix, seeds};
use solana_pubkey::Pubkey;

/// `None` where the instruction is another one.
pub(super) fn apply(step: &mut Step<'_>) -> Option<Result<(), Stop>> {
    Some(if let Some(ix::OpenDelegation {}) = step.args() {
        open_delegation(step)
    } else if let Some(ix::Delegate { amount }) = step.args() {
        delegate(step, amount)
    } else if let Some(ix::Undelegate { shares }) = step.args() {
        undelegate(step, shares)
    } else if let Some(ix::WithdrawDelegation {}) = step.args() {
        withdraw_delegation(step)
    } else if let Some(ix::AddRewards { amount_micro_usdc }) = step.args() {
        add_rewards(step, amount_micro_usdc)
    } else if let Some(ix::ClaimRewards {}) = step.args() {
        claim_rewards(step)
    } else if let Some(ix::CloseDelegation {}) = step.args() {
        close_delegation(step)
    } else {
        return None;
    })
}

/// The delegation, with its delegator and position checked.
fn delegation(
    step: &mut Step<'_>,
    address: Pubkey,
    delegator: Pubkey,
    position: Pubkey,
) -> Result<Delegation, Stop> {
    let delegation: Delegation = step.get(&address)?;
    step.address("delegator", delegator, delegation.delegator);
    step.address("position", position, delegation.position);
    Ok(delegation)
}

fn open_delegation(step: &mut Step<'_>) -> Result<(), Stop> {
    let [delegator, position, address] = step.accounts()?;
    let account: Position = step.get(&position)?;
    step.rule(account.role == Role::Node, "stake is delegated to something else than a node");
    let seeds = [seeds::DELEGATION, position.as_ref(), delegator.as_ref()];
    let (expected, bump) = Pubkey::find_program_address(&seeds, &pda::STAKING);
    step.address("delegation", address, expected);
    step.vacant(&address);
    step.world.create(
        address,
        &Delegation {
            version: Delegation::VERSION,
            bump,
            position,
            delegator,
            shares: 0,
            undelegating: [Undelegation::default(); UNDELEGATION_SLOTS],
            counted_per_share: account.reward_per_share,
            rewards_micro_usdc: 0,
            reserved: [0; 64],
        },
    );
    step.event(DelegationOpened { delegation: address, position, delegator });
    Ok(())
}

fn delegate(step: &mut Step<'_>, amount: u64) -> Result<(), Stop> {
    let [delegator, position_address, address, mint, vault, source] = step.accounts()?;
    let mut position: Position = step.get(&position_address)?;
    let mut delegation = delegation(step, address, delegator, position_address)?;
    step.address("mint", mint, position.mint);
    step.address("vault", vault, pda::stake_vault(&position_address));
    step.allowed(delegation.count_rewards(&position))?;
    let shares = step.allowed(position.delegate(amount))?;
    step.allowed(delegation.add(shares))?;
    step.world.put(position_address, &position);
    step.world.put(address, &delegation);
    step.moves.push(Move::transfer(source, vault, amount));
    step.event(StakeDelegated {
        delegation: address,
        amount,
        shares,
        delegated: position.delegated,
        delegated_shares: position.delegated_shares,
    });
    Ok(())
}

fn undelegate(step: &mut Step<'_>, shares: u64) -> Result<(), Stop> {
    let [delegator, network, position_address, address] = step.accounts()?;
    step.address("network", network, pda::network());
    let cooldown_secs = step.get::<Network>(&network)?.params.unbonding_secs;
    let mut position: Position = step.get(&position_address)?;
    let mut delegation = delegation(step, address, delegator, position_address)?;
    let available_at = step.now.saturating_add(cooldown_secs.into());
    step.allowed(delegation.count_rewards(&position))?;
    step.allowed(delegation.start_undelegating(shares, available_at))?;
    step.allowed(position.undelegate(shares))?;
    step.world.put(position_address, &position);
    step.world.put(address, &delegation);
    step.event(StakeUndelegating {
        delegation: address,
        shares,
        available_at,
        undelegating_shares: position.undelegating_shares,
    });
    Ok(())
}

fn withdraw_delegation(step: &mut Step<'_>) -> Result<(), Stop> {
    let [delegator, position_address, address, mint, vault, destination] = step.accounts()?;
    let mut position: Position = step.get(&position_address)?;
    let mut delegation = delegation(step, address, delegator, position_address)?;
    step.address("mint", mint, position.mint);
    step.address("vault", vault, pda::stake_vault(&position_address));
    let shares = step.allowed(delegation.take_matured(step.now))?;
    let amount = step.allowed(position.withdraw_delegated(shares))?;
    step.world.put(position_address, &position);
    step.world.put(address, &delegation);
    step.moves.push(Move::transfer(vault, destination, amount));
    step.event(DelegationWithdrawn {
        delegation: address,
        shares,
        amount,
        delegated: position.delegated,
        delegated_shares: position.delegated_shares,
    });
    Ok(())
}

/// The payment mint and the position's account of it, checked.
fn rewards_vault(
    step: &mut Step<'_>,
    network: Pubkey,
    position: &Pubkey,
    payment_mint: Pubkey,
    vault: Pubkey,
) -> Result<(), Stop> {
    step.address("network", network, pda::network());
    let due = step.get::<Network>(&network)?.payment_mint;
    step.address("payment mint", payment_mint, due);
    step.address("rewards vault", vault, pda::token_account(position, &due));
    Ok(())
}

fn add_rewards(step: &mut Step<'_>, amount_micro_usdc: u64) -> Result<(), Stop> {
    let [_funder, network, address, payment_mint, vault, source] = step.accounts()?;
    rewards_vault(step, network, &address, payment_mint, vault)?;
    let mut position: Position = step.get(&address)?;
    step.allowed(position.reward(amount_micro_usdc))?;
    step.world.put(address, &position);
    step.moves.push(Move::transfer(source, vault, amount_micro_usdc));
    step.event(RewardsAdded {
        position: address,
        amount_micro_usdc,
        reward_per_share: position.reward_per_share,
    });
    Ok(())
}

fn claim_rewards(step: &mut Step<'_>) -> Result<(), Stop> {
    let [delegator, network, position_address, address, payment_mint, vault, destination] =
        step.accounts()?;
    rewards_vault(step, network, &position_address, payment_mint, vault)?;
    let position: Position = step.get(&position_address)?;
    let mut delegation = delegation(step, address, delegator, position_address)?;
    step.allowed(delegation.count_rewards(&position))?;
    let amount_micro_usdc = step.allowed(delegation.take_rewards())?;
    step.world.put(address, &delegation);
    step.moves.push(Move::transfer(vault, destination, amount_micro_usdc));
    step.event(RewardsClaimed { delegation: address, amount_micro_usdc });
    Ok(())
}

fn close_delegation(step: &mut Step<'_>) -> Result<(), Stop> {
    let [delegator, position, address] = step.accounts()?;
    let delegation = delegation(step, address, delegator, position)?;
    step.rule(delegation.is_empty(), "a delegation that holds something is closed");
    step.world.close(address);
    step.event(DelegationClosed { delegation: address, position, delegator });
    Ok(())
}
