use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::cancel_params;
use heliograph_registry::error::RegistryError;
use heliograph_tests::reason::in_registry;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn stranger_rejects() {
    let mut world = World::new();
    world.propose_params(PARAMS);
    let (authority, stranger) = (world.authority().pubkey(), world.wallet("stranger"));
    for signer in [&stranger, &world.guardian()] {
        let cancel = cancel_params(signer.pubkey(), authority);
        world.refuse(&[cancel], &[signer], RegistryError::NotAuthority);
    }
}

#[test]
fn nothing_proposed_rejects() {
    let mut world = World::new();
    let authority = world.authority();
    let cancel = cancel_params(authority.pubkey(), authority.pubkey());
    world.refuse(&[cancel], &[&authority], in_registry(ErrorCode::AccountNotInitialized));
}

#[test]
pub fn rent_for_a_stranger_rejects() {
    let mut world = World::new();
    world.propose_params(PARAMS);
    let (authority, stranger) = (world.authority(), world.wallet("stranger"));
    let cancel = cancel_params(authority.pubkey(), stranger.pubkey());
    world.refuse(&[cancel], &[&authority], RegistryError::OtherRentPayer);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    zoo.propose_params(PARAMS);
    let authority = zoo.authority();
    let cancel = cancel_params(authority.pubkey(), authority.pubkey());
    let names =
        ["authority", "network", "params_change", "rent_payer", "event_authority", "program"];
    zoo.sweep(&[cancel], &[&authority], &names, &[]);
}
