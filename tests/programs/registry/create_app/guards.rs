use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::create_app;
use heliograph_registry::AppPolicy;
use heliograph_registry::error::RegistryError;
use heliograph_tests::reason::{already_in_use, in_registry};
use heliograph_tests::{AppParty, World, Zoo, key};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Policies no app may have, and why.
pub fn unusable(world: &World, app: &AppParty) -> Vec<(AppPolicy, RegistryError)> {
    let now = world.now();
    let with = |change: &dyn Fn(&mut AppPolicy)| {
        let mut policy = world.policy(&app.voucher_signer);
        change(&mut policy);
        policy
    };
    let mut cases = Vec::new();
    for signer in [Pubkey::default(), app.authority.pubkey()] {
        cases.push((with(&|p| p.voucher_signer = signer), RegistryError::VoucherSignerInvalid));
    }
    for at in [now, now - 1, 0, i64::MIN] {
        let expired = with(&|p| p.voucher_signer_expires_at = at);
        cases.push((expired, RegistryError::VoucherSignerExpired));
    }
    let country = |i: u8| [b'A' + i / 26, b'A' + i % 26];
    let many: Vec<[u8; 2]> = (0..33).map(country).collect();
    for countries in [vec![*b"ch"], vec![*b"CH", *b"CH"], vec![*b"C "], vec![[0, 0]], many] {
        let invalid = with(&|p| p.countries.clone_from(&countries));
        cases.push((invalid, RegistryError::CountriesInvalid));
    }
    cases
}

#[test]
pub fn unusable_policy_rejects() {
    let mut world = World::new();
    let app = world.authority_of_app("app");
    for (policy, why) in unusable(&world, &app) {
        let create = create_app(app.authority.pubkey(), 0, policy);
        world.refuse(&[create], &[&app.authority], why);
    }
}

#[test]
fn number_in_use_rejects() {
    let mut world = World::new();
    let app = world.app("app");
    let create = create_app(app.authority.pubkey(), 0, world.policy(&key("another signer")));
    world.refuse(&[create], &[&app.authority], already_in_use());
}

#[test]
fn address_of_another_number_rejects() {
    let mut world = World::new();
    let app = world.authority_of_app("app");
    let mut create = create_app(app.authority.pubkey(), 1, world.policy(&app.voucher_signer));
    create.accounts[2].pubkey = app.address;
    world.refuse(&[create], &[&app.authority], in_registry(ErrorCode::ConstraintSeeds));
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let authority = &zoo.app.authority;
    let create = create_app(authority.pubkey(), 1, zoo.policy(&zoo.app.voucher_signer));
    let names = ["authority", "network", "app", "system_program", "event_authority", "program"];
    zoo.sweep(&[create], &[authority], &names, &[]);
}
