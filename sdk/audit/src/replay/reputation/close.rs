//! Closing what an epoch has left behind.

use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_reputation::clock::unix;
use heliograph_reputation::events::{EpochClosed, ObservationClosed, TallyClosed};
use heliograph_reputation::state::{Epoch, Observation, Tally};
use solana_pubkey::Pubkey;

pub(super) fn tally(step: &mut Step<'_>) -> Result<(), Stop> {
    let [rent_payer, epoch_address, address] = step.accounts()?;
    let tally: Tally = step.get(&address)?;
    let epoch = counted_out(step, epoch_address, tally.epoch)?;
    step.address("rent payer", rent_payer, tally.rent_payer);
    let now = unix(step.now);
    step.rule(epoch.phase(now) == Phase::Scoring, "a tally is closed early");
    let scorable = !tally.scored && epoch.has_quorum(tally.heard.len());
    step.rule(!scorable || epoch.is_over(now), "a tally is closed before its node is scored");
    step.world.close(address);
    step.event(TallyClosed {
        tally: address,
        node: tally.node,
        epoch: tally.epoch,
        scored: tally.scored,
        heard: tally.heard.len() as u8,
    });
    Ok(())
}

pub(super) fn observation(step: &mut Step<'_>) -> Result<(), Stop> {
    let [rent_payer, epoch_address, address] = step.accounts()?;
    let observation: Observation = step.get(&address)?;
    let epoch = counted_out(step, epoch_address, observation.epoch)?;
    step.address("rent payer", rent_payer, observation.rent_payer);
    step.rule(epoch.is_over(unix(step.now)), "an observation is closed early");
    step.world.close(address);
    step.event(ObservationClosed {
        observation: address,
        keeper: observation.keeper,
        epoch: observation.epoch,
    });
    Ok(())
}

pub(super) fn epoch(step: &mut Step<'_>) -> Result<(), Stop> {
    let [rent_payer, address] = step.accounts()?;
    let epoch: Epoch = step.get(&address)?;
    step.address("rent payer", rent_payer, epoch.rent_payer);
    step.rule(epoch.accounts_open == 0, "an epoch in use is closed");
    step.rule(epoch.is_over(unix(step.now)), "an epoch is closed early");
    step.world.close(address);
    step.event(EpochClosed { epoch_account: address, epoch: epoch.epoch });
    Ok(())
}

/// The epoch with one account fewer.
fn counted_out(step: &mut Step<'_>, address: Pubkey, start: u64) -> Result<Epoch, Stop> {
    step.address("epoch", address, pda::epoch(start));
    let mut epoch: Epoch = step.get(&address)?;
    step.allowed(epoch.closed_one())?;
    step.world.put(address, &epoch);
    Ok(epoch)
}
