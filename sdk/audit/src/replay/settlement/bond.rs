//! Bonds: what of an app's deposit lies behind one channel.

use super::own_app;
use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_settlement::events::{BondPosted, BondReleased};
use heliograph_settlement::state::{Channel, Escrow};
use solana_pubkey::Pubkey;

/// Addresses and accounts of escrow and channel, with whose they are checked.
fn parties(step: &mut Step<'_>) -> Result<([Pubkey; 2], Escrow, Channel), Stop> {
    let [authority, app, escrow_address, channel_address] = step.accounts()?;
    own_app(step, authority, &app)?;
    step.address("escrow", escrow_address, pda::escrow(&app));
    let escrow: Escrow = step.get(&escrow_address)?;
    let channel: Channel = step.get(&channel_address)?;
    step.address("channel's app", app, channel.app);
    Ok(([escrow_address, channel_address], escrow, channel))
}

pub(super) fn post(step: &mut Step<'_>, amount_micro_usdc: u64) -> Result<(), Stop> {
    let ([escrow_address, channel_address], mut escrow, mut channel) = parties(step)?;
    step.allowed(escrow.bond(&mut channel, amount_micro_usdc))?;
    step.world.put(escrow_address, &escrow);
    step.world.put(channel_address, &channel);
    step.event(BondPosted {
        channel: channel_address,
        escrow: escrow_address,
        amount_micro_usdc,
        channel_bond_micro_usdc: channel.bond_micro_usdc,
        escrow_bonded_micro_usdc: escrow.bonded_micro_usdc,
    });
    Ok(())
}

pub(super) fn release(step: &mut Step<'_>) -> Result<(), Stop> {
    let ([escrow_address, channel_address], mut escrow, mut channel) = parties(step)?;
    let amount_micro_usdc = step.allowed(escrow.release_bond(&mut channel, step.now))?;
    step.world.put(escrow_address, &escrow);
    step.world.put(channel_address, &channel);
    step.event(BondReleased {
        channel: channel_address,
        escrow: escrow_address,
        amount_micro_usdc,
        escrow_bonded_micro_usdc: escrow.bonded_micro_usdc,
    });
    Ok(())
}
