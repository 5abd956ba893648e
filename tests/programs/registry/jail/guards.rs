use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_registry::error::RegistryError;
use heliograph_registry::seeds;
use heliograph_tests::governance::jail_instruction;
use heliograph_tests::reason::in_registry;
use heliograph_tests::{World, Zoo, key};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn jailer_that_does_not_sign_rejects() {
    // The jailer is an address without a key: outside the slashing program nobody signs for it.
    let mut world = World::new();
    let node = world.node("node");
    let mut jail = jail_instruction(pda::jailer(), node.address, i64::MAX);
    jail.accounts[0].is_signer = false;
    world.refuse(&[jail], &[], in_registry(ErrorCode::AccountNotSigner));
}

#[test]
fn key_in_the_jailers_place_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    for signer in [&key("stranger"), &node.operator, &world.authority(), &world.guardian()] {
        let jail = jail_instruction(signer.pubkey(), node.address, i64::MAX);
        world.refuse(&[jail], &[signer], in_registry(ErrorCode::ConstraintSeeds));
    }
}

#[test]
fn other_programs_address_rejects() {
    // The same seeds under any other program, and the slashing program's other addresses.
    let mut world = World::new();
    let node = world.node("node");
    let of = |seed: &[u8], program: &Pubkey| Pubkey::find_program_address(&[seed], program).0;
    for address in [
        of(seeds::JAILER, &pda::STAKING),
        of(seeds::JAILER, &pda::SETTLEMENT),
        of(seeds::JAILER, &pda::REGISTRY),
        of(b"slasher", &pda::SLASHING),
        pda::stake_recorder(),
    ] {
        world.impersonate(&address);
        let jail = jail_instruction(address, node.address, i64::MAX);
        world.refuse(&[jail], &[], in_registry(ErrorCode::ConstraintSeeds));
    }
}

#[test]
fn slashing_program_the_network_does_not_name_rejects() {
    let mut world = World::bare();
    let slashing_program = key("another slashing program").pubkey();
    let args = InitializeNetworkArgs { slashing_program, ..world.network_args() };
    world.initialize(args);
    let node = world.node("node");
    world.impersonate(&pda::jailer());
    let jail = jail_instruction(pda::jailer(), node.address, i64::MAX);
    world.refuse(&[jail], &[], in_registry(ErrorCode::ConstraintSeeds));
}

#[test]
fn account_that_is_no_subject_rejects() {
    let mut zoo = Zoo::new();
    zoo.impersonate(&pda::jailer());
    for address in [zoo.app.address, zoo.app.escrow(), zoo.node.position(), zoo.treasury] {
        let jail = jail_instruction(pda::jailer(), address, i64::MAX);
        zoo.refuse(&[jail], &[], RegistryError::NotASubject);
    }
}

#[test]
fn every_substitute_but_another_subject_rejects() {
    let mut zoo = Zoo::new();
    zoo.impersonate(&pda::jailer());
    let jail = jail_instruction(pda::jailer(), zoo.node.address, i64::MAX);
    let names = ["jailer", "network", "subject", "event_authority", "program"];
    // Whom it jails is the slashing program's to decide.
    let meant = ["other node", "observer", "settler", "other settler"].map(|s| ("subject", s));
    zoo.sweep(&[jail], &[], &names, &meant);
}
