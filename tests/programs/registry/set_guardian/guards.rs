use heliograph_client::instruction::registry::set_guardian;
use heliograph_registry::error::RegistryError;
use heliograph_tests::{World, Zoo, key};
use solana_signer::Signer;

#[test]
fn stranger_rejects() {
    let mut world = World::new();
    let stranger = world.wallet("stranger");
    // The guardian cannot name its own successor.
    for signer in [&stranger, &world.guardian()] {
        let set = set_guardian(signer.pubkey(), signer.pubkey());
        world.refuse(&[set], &[signer], RegistryError::NotAuthority);
    }
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let authority = zoo.authority();
    let set = set_guardian(authority.pubkey(), key("next guardian").pubkey());
    let names = ["authority", "network", "event_authority", "program"];
    zoo.sweep(&[set], &[&authority], &names, &[]);
}
