//! Changes of the network: parameters, authority, guardian, pauses.

use crate::replay::step::{Step, Stop};
use heliograph_client::pda;
use heliograph_registry::events::{
    AuthorityChanged, AuthorityProposed, GuardianChanged, ParamsCancelled, ParamsChanged,
    ParamsProposed, PauseChanged,
};
use heliograph_registry::state::{Network, NetworkParams, ParamsChange};
use heliograph_registry::{instruction as ix, seeds};
use solana_pubkey::Pubkey;

/// `None` where the instruction is another one.
pub(super) fn apply(step: &mut Step<'_>) -> Option<Result<(), Stop>> {
    Some(if let Some(ix::ProposeParams { params }) = step.args() {
        propose_params(step, params)
    } else if let Some(ix::CancelParams {}) = step.args() {
        cancel_params(step)
    } else if let Some(ix::ApplyParams {}) = step.args() {
        apply_params(step)
    } else if let Some(ix::ProposeAuthority { pending_authority }) = step.args() {
        propose_authority(step, pending_authority)
    } else if let Some(ix::AcceptAuthority {}) = step.args() {
        accept_authority(step)
    } else if let Some(ix::SetGuardian { guardian }) = step.args() {
        set_guardian(step, guardian)
    } else if let Some(ix::Pause { functions }) = step.args() {
        pause(step, functions)
    } else if let Some(ix::Unpause { functions }) = step.args() {
        unpause(step, functions)
    } else {
        return None;
    })
}

/// The network, with its authority checked.
fn governed(step: &mut Step<'_>, authority: Pubkey, address: Pubkey) -> Result<Network, Stop> {
    step.address("network", address, pda::network());
    let network: Network = step.get(&address)?;
    step.address("authority", authority, network.authority);
    Ok(network)
}

fn propose_params(step: &mut Step<'_>, params: NetworkParams) -> Result<(), Stop> {
    let [authority, network, address, treasury] = step.accounts()?;
    let network = governed(step, authority, network)?;
    step.allowed(params.validate())?;
    let (expected, bump) = Pubkey::find_program_address(&[seeds::PARAMS_CHANGE], &pda::REGISTRY);
    step.address("change of parameters", address, expected);
    step.vacant(&address);
    let proposed_at = step.now;
    let available_at = proposed_at.saturating_add(network.params.timelock_secs.into());
    step.world.create(
        address,
        &ParamsChange {
            version: ParamsChange::VERSION,
            bump,
            params,
            treasury,
            proposed_at,
            available_at,
            rent_payer: authority,
            reserved: [0; 64],
        },
    );
    step.event(ParamsProposed { params, treasury, proposed_at, available_at });
    Ok(())
}

fn cancel_params(step: &mut Step<'_>) -> Result<(), Stop> {
    let [authority, network, address, rent_payer] = step.accounts()?;
    governed(step, authority, network)?;
    let change: ParamsChange = step.get(&address)?;
    step.address("rent payer", rent_payer, change.rent_payer);
    step.world.close(address);
    let ParamsChange { proposed_at, params, treasury, .. } = change;
    step.event(ParamsCancelled { proposed_at, params, treasury });
    Ok(())
}

fn apply_params(step: &mut Step<'_>) -> Result<(), Stop> {
    let [network_address, address, treasury, rent_payer] = step.accounts()?;
    step.address("network", network_address, pda::network());
    let mut network: Network = step.get(&network_address)?;
    let change: ParamsChange = step.get(&address)?;
    step.address("treasury", treasury, change.treasury);
    step.address("rent payer", rent_payer, change.rent_payer);
    step.allowed(change.check_due(step.now))?;
    let params = change.params;
    let old_params = std::mem::replace(&mut network.params, params);
    let old_treasury = std::mem::replace(&mut network.treasury, treasury);
    step.world.put(network_address, &network);
    step.world.close(address);
    step.event(ParamsChanged { old_params, params, old_treasury, treasury });
    Ok(())
}

fn propose_authority(step: &mut Step<'_>, pending_authority: Pubkey) -> Result<(), Stop> {
    let [authority, address] = step.accounts()?;
    let mut network = governed(step, authority, address)?;
    let old_pending_authority =
        std::mem::replace(&mut network.pending_authority, pending_authority);
    step.world.put(address, &network);
    step.event(AuthorityProposed { authority, old_pending_authority, pending_authority });
    Ok(())
}

fn accept_authority(step: &mut Step<'_>) -> Result<(), Stop> {
    let [signer, address] = step.accounts()?;
    step.address("network", address, pda::network());
    let mut network: Network = step.get(&address)?;
    step.address("pending authority", signer, network.pending_authority);
    let authority = std::mem::take(&mut network.pending_authority);
    let old_authority = std::mem::replace(&mut network.authority, authority);
    step.world.put(address, &network);
    step.event(AuthorityChanged { old_authority, authority });
    Ok(())
}

fn set_guardian(step: &mut Step<'_>, guardian: Pubkey) -> Result<(), Stop> {
    let [authority, address] = step.accounts()?;
    let mut network = governed(step, authority, address)?;
    let old_guardian = std::mem::replace(&mut network.guardian, guardian);
    step.world.put(address, &network);
    step.event(GuardianChanged { old_guardian, guardian });
    Ok(())
}

fn pause(step: &mut Step<'_>, functions: u32) -> Result<(), Stop> {
    let [signer, address] = step.accounts()?;
    step.address("network", address, pda::network());
    let mut network: Network = step.get(&address)?;
    step.rule(
        [network.guardian, network.authority].contains(&signer),
        "somebody pauses who is neither guardian nor authority",
    );
    let old_paused = network.paused;
    step.allowed(network.pause(functions))?;
    step.world.put(address, &network);
    step.event(PauseChanged { signer, old_paused, paused: network.paused });
    Ok(())
}

fn unpause(step: &mut Step<'_>, functions: u32) -> Result<(), Stop> {
    let [signer, address] = step.accounts()?;
    let mut network = governed(step, signer, address)?;
    let old_paused = network.paused;
    step.allowed(network.unpause(functions))?;
    step.world.put(address, &network);
    step.event(PauseChanged { signer, old_paused, paused: network.paused });
    Ok(())
}
