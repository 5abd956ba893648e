use heliograph_client::instruction::registry::unpause;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::pause::ALL;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn guardian_rejects() {
    // It stops and nothing else: a stolen guardian key cannot end a pause.
    let mut world = World::new();
    world.pause(ALL);
    let stranger = world.wallet("stranger");
    for signer in [&world.guardian(), &stranger] {
        let lifted = unpause(signer.pubkey(), ALL);
        world.refuse(&[lifted], &[signer], RegistryError::NotAuthority);
    }
}

#[test]
fn functions_that_do_not_exist_reject() {
    let mut world = World::new();
    let authority = world.authority();
    for functions in [0, ALL + 1, u32::MAX] {
        let lifted = unpause(authority.pubkey(), functions);
        world.refuse(&[lifted], &[&authority], RegistryError::FunctionsInvalid);
    }
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    zoo.pause(ALL);
    let authority = zoo.authority();
    let names = ["authority", "network", "event_authority", "program"];
    zoo.sweep(&[unpause(authority.pubkey(), ALL)], &[&authority], &names, &[]);
}
