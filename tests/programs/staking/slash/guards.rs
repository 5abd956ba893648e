use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_staking::error::StakingError;
use heliograph_staking::seeds;
use heliograph_tests::delegators::{SlashTarget, slash_instruction};
use heliograph_tests::reason::in_staking;
use heliograph_tests::{NodeParty, World, Zoo, key};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What a slash of `node` takes goes to the pot.
fn target(world: &mut World, node: &NodeParty) -> SlashTarget {
    let mint = world.stake_mint;
    SlashTarget { subject: node.address, mint, destination: world.slash_pot(&mint) }
}

#[test]
fn slasher_that_does_not_sign_rejects() {
    // The slasher is an address without a key: outside the slashing program nobody signs for it.
    let mut world = World::new();
    let node = world.node("node");
    let target = target(&mut world, &node);
    let mut slash = slash_instruction(pda::slasher(), target, 1);
    slash.accounts[0].is_signer = false;
    world.refuse(&[slash], &[], in_staking(ErrorCode::AccountNotSigner));
}

#[test]
fn key_in_the_slashers_place_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let target = target(&mut world, &node);
    for signer in [&key("stranger"), &node.operator, &world.authority(), &world.guardian()] {
        let slash = slash_instruction(signer.pubkey(), target, 1);
        world.refuse(&[slash], &[signer], in_staking(ErrorCode::ConstraintSeeds));
    }
}

#[test]
fn other_programs_address_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let target = target(&mut world, &node);
    let of = |seed: &[u8], program: &Pubkey| Pubkey::find_program_address(&[seed], program).0;
    for address in [
        of(seeds::SLASHER, &pda::STAKING),
        of(seeds::SLASHER, &pda::SETTLEMENT),
        of(seeds::SLASHER, &pda::REGISTRY),
        pda::jailer(),
        pda::stake_recorder(),
    ] {
        world.impersonate(&address);
        let slash = slash_instruction(address, target, 1);
        world.refuse(&[slash], &[], in_staking(ErrorCode::ConstraintSeeds));
    }
}

#[test]
fn slashing_program_the_network_does_not_name_rejects() {
    let mut world = World::bare();
    let slashing_program = key("another slashing program").pubkey();
    let args = InitializeNetworkArgs { slashing_program, ..world.network_args() };
    world.initialize(args);
    let node = world.node("node");
    world.impersonate(&pda::slasher());
    let target = target(&mut world, &node);
    let slash = slash_instruction(pda::slasher(), target, 1);
    world.refuse(&[slash], &[], in_staking(ErrorCode::ConstraintSeeds));
}

#[test]
fn subject_of_another_position_rejects() {
    // One node's position, another node's record.
    let mut zoo = Zoo::new();
    zoo.impersonate(&pda::slasher());
    let node = zoo.node.clone();
    let target = target(&mut zoo, &node);
    let mut slash = slash_instruction(pda::slasher(), target, 1);
    slash.accounts[2].pubkey = zoo.other_node.address;
    zoo.refuse(&[slash], &[], StakingError::OtherSubject);
}

#[test]
fn destination_of_another_mint_rejects() {
    let mut zoo = Zoo::new();
    zoo.impersonate(&pda::slasher());
    let node = zoo.node.clone();
    let destination = zoo.settler.payout;
    let target = SlashTarget { destination, ..target(&mut zoo, &node) };
    let slash = slash_instruction(pda::slasher(), target, 1);
    zoo.refuse(&[slash], &[], StakingError::OtherMint);
}

#[test]
fn every_substitute_but_the_destination_rejects() {
    let mut zoo = Zoo::new();
    zoo.impersonate(&pda::slasher());
    let node = zoo.node.clone();
    let target = target(&mut zoo, &node);
    let slash = slash_instruction(pda::slasher(), target, 1);
    let names = [
        "slasher",
        "network",
        "subject",
        "position",
        "mint",
        "vault",
        "destination",
        "recorder.stake_recorder",
        "recorder.registry_event_authority",
        "recorder.registry_program",
        "token_program",
        "event_authority",
        "program",
    ];
    // Where the stake goes is the slashing program's to say.
    let tokens = zoo.tokens_of(&zoo.stake_mint, &["node's stake vault"]);
    let meant: Vec<_> = tokens.iter().map(|name| ("destination", name.as_str())).collect();
    zoo.sweep(&[slash], &[], &names, &meant);
}
