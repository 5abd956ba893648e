use super::super::create_app::guards::unusable;
use heliograph_client::instruction::registry::update_app;
use heliograph_registry::error::RegistryError;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn unusable_policy_rejects() {
    let mut world = World::new();
    let app = world.app("app");
    for (policy, why) in unusable(&world, &app) {
        let update = update_app(app.authority.pubkey(), app.address, policy);
        world.refuse(&[update], &[&app.authority], why);
    }
}

#[test]
pub fn stranger_rejects() {
    // Whoever could set the signer could spend the escrow.
    let mut world = World::new();
    let (app, stranger) = (world.app("app"), world.wallet("stranger"));
    world.fund(&app.voucher_signer.pubkey());
    for signer in [&stranger, &app.voucher_signer] {
        let update = update_app(signer.pubkey(), app.address, world.policy(&stranger));
        world.refuse(&[update], &[signer], RegistryError::NotAppAuthority);
    }
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let (app, policy) = (&zoo.app, zoo.policy(&zoo.app.voucher_signer));
    let update = update_app(app.authority.pubkey(), app.address, policy);
    let names = ["authority", "app", "event_authority", "program"];
    zoo.sweep(&[update], &[&app.authority], &names, &[]);
}
