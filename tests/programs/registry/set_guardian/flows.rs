use heliograph_client::instruction::registry::{pause, set_guardian};
use heliograph_client::pda;
use heliograph_registry::error::RegistryError;
use heliograph_registry::events::GuardianChanged;
use heliograph_registry::state::{Network, pause::REGISTER};
use heliograph_tests::World;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn guardian_is_replaced_at_once() {
    let mut world = World::new();
    let (authority, old, new) = (world.authority(), world.guardian(), world.wallet("new"));
    let before: Network = world.read(&pda::network());
    let done = world.act(set_guardian(authority.pubkey(), new.pubkey()), &authority);
    world.holds(&pda::network(), &Network { guardian: new.pubkey(), ..before });
    done.emitted(&GuardianChanged { old_guardian: old.pubkey(), guardian: new.pubkey() });
    let late = pause(old.pubkey(), REGISTER);
    world.refuse(&[late], &[&old], RegistryError::NotGuardian);
    world.act(pause(new.pubkey(), REGISTER), &new);
}

#[test]
fn network_without_a_guardian_is_paused_by_its_authority() {
    let mut world = World::new();
    let authority = world.authority();
    world.act(set_guardian(authority.pubkey(), Pubkey::default()), &authority);
    world.act(pause(authority.pubkey(), REGISTER), &authority);
}
