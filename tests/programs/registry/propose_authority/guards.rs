use heliograph_client::instruction::registry::propose_authority;
use heliograph_registry::error::RegistryError;
use heliograph_tests::{World, Zoo, key};
use solana_signer::Signer;

#[test]
fn stranger_rejects() {
    let mut world = World::new();
    let stranger = world.wallet("stranger");
    for signer in [&stranger, &world.guardian()] {
        let propose = propose_authority(signer.pubkey(), signer.pubkey());
        world.refuse(&[propose], &[signer], RegistryError::NotAuthority);
    }
}

#[test]
fn upgrade_authority_that_handed_over_rejects() {
    // The program's upgrade authority initialises the network; it has no say afterwards.
    let mut world = World::new();
    let (old, new) = (world.authority(), world.wallet("successor"));
    world.hand_over(&new);
    let propose = propose_authority(old.pubkey(), old.pubkey());
    world.refuse(&[propose], &[&old], RegistryError::NotAuthority);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let authority = zoo.authority();
    let propose = propose_authority(authority.pubkey(), key("successor").pubkey());
    let names = ["authority", "network", "event_authority", "program"];
    zoo.sweep(&[propose], &[&authority], &names, &[]);
}
