use heliograph_client::instruction::registry::{accept_authority, propose_authority};
use heliograph_registry::error::RegistryError;
use heliograph_tests::{World, Zoo};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
pub fn nobody_proposed_rejects() {
    let mut world = World::new();
    let stranger = world.wallet("stranger");
    for signer in [&stranger, &world.authority(), &world.guardian()] {
        let accept = accept_authority(signer.pubkey());
        world.refuse(&[accept], &[signer], RegistryError::NotPendingAuthority);
    }
}

#[test]
fn somebody_else_than_was_proposed_rejects() {
    let mut world = World::new();
    let (authority, stranger) = (world.authority(), world.wallet("stranger"));
    let successor = world.wallet("successor");
    let propose = propose_authority(authority.pubkey(), successor.pubkey());
    world.act(propose, &authority);
    for signer in [&stranger, &authority] {
        let accept = accept_authority(signer.pubkey());
        world.refuse(&[accept], &[signer], RegistryError::NotPendingAuthority);
    }
}

#[test]
fn proposal_taken_back_rejects() {
    let mut world = World::new();
    let (authority, successor) = (world.authority(), world.wallet("successor"));
    for pending in [successor.pubkey(), Pubkey::default()] {
        world.act(propose_authority(authority.pubkey(), pending), &authority);
    }
    let accept = accept_authority(successor.pubkey());
    world.refuse(&[accept], &[&successor], RegistryError::NotPendingAuthority);
}

#[test]
fn second_acceptance_rejects() {
    let mut world = World::new();
    let successor = world.wallet("successor");
    world.hand_over(&successor);
    let again = accept_authority(successor.pubkey());
    world.refuse(&[again], &[&successor], RegistryError::NotPendingAuthority);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let (authority, successor) = (zoo.authority(), zoo.wallet("successor"));
    let propose = propose_authority(authority.pubkey(), successor.pubkey());
    zoo.act(propose, &authority);
    let accept = accept_authority(successor.pubkey());
    let names = ["pending_authority", "network", "event_authority", "program"];
    zoo.sweep(&[accept], &[&successor], &names, &[]);
}
