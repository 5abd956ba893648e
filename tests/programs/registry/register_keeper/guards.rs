use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::register_keeper;
use heliograph_client::pda;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::{KeeperRole, KeeperStatus};
use heliograph_tests::keepers::ENDPOINT;
use heliograph_tests::reason::{already_in_use, in_registry};
use heliograph_tests::{KeeperParty, World, Zoo};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Endpoints that are no URL.
pub const UNUSABLE: [&str; 6] = ["", "a b", "tab\t", "newline\n", "ümlaut", "nul\0"];

/// `keeper` with another payout.
fn paying(keeper: &KeeperParty, payout: Pubkey) -> Instruction {
    let (owner, key) = (keeper.owner.pubkey(), keeper.keeper_key.pubkey());
    register_keeper(owner, key, payout, keeper.role, ENDPOINT.to_owned())
}

#[test]
fn unusable_endpoint_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Observer);
    let (owner, key) = (keeper.owner.pubkey(), keeper.keeper_key.pubkey());
    for endpoint in UNUSABLE.map(str::to_owned).into_iter().chain(["x".repeat(129)]) {
        let register = register_keeper(owner, key, keeper.payout, keeper.role, endpoint);
        let signers = [&keeper.owner, &keeper.keeper_key];
        world.refuse(&[register], &signers, RegistryError::EndpointInvalid);
    }
}

#[test]
fn key_registered_already_rejects() {
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Settler);
    world.set_keeper_status(&keeper, KeeperStatus::Exited);
    let again = world.register_keeper_instruction(&keeper);
    world.refuse(&[again], &[&keeper.owner, &keeper.keeper_key], already_in_use());
}

#[test]
fn key_that_does_not_sign_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Settler);
    let mut register = world.register_keeper_instruction(&keeper);
    register.accounts[1].is_signer = false;
    world.refuse(&[register], &[&keeper.owner], in_registry(ErrorCode::AccountNotSigner));
}

#[test]
fn address_of_the_other_role_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Settler);
    let mut register = world.register_keeper_instruction(&keeper);
    register.accounts[3].pubkey = pda::keeper(KeeperRole::Observer, &keeper.keeper_key.pubkey());
    let why = in_registry(ErrorCode::ConstraintSeeds);
    world.refuse(&[register], &[&keeper.owner, &keeper.keeper_key], why);
}

#[test]
fn role_that_does_not_exist_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Settler);
    let mut register = world.register_keeper_instruction(&keeper);
    register.data[8] = 2;
    let why = in_registry(ErrorCode::InstructionDidNotDeserialize);
    world.refuse(&[register], &[&keeper.owner, &keeper.keeper_key], why);
}

#[test]
fn one_key_for_owner_and_keeper_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Settler);
    let owner = keeper.owner.pubkey();
    let register = register_keeper(owner, owner, keeper.payout, keeper.role, ENDPOINT.to_owned());
    world.refuse(&[register], &[&keeper.owner], RegistryError::KeysNotDistinct);
}

#[test]
fn payout_owned_by_the_keeper_key_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Settler);
    let mint = world.payment_mint;
    let payout = world.create_tokens(&keeper.keeper_key.pubkey(), &mint);
    let signers = [&keeper.owner, &keeper.keeper_key];
    world.refuse(&[paying(&keeper, payout)], &signers, RegistryError::KeysNotDistinct);
}

#[test]
fn treasury_as_payout_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Settler);
    let register = paying(&keeper, world.treasury);
    let signers = [&keeper.owner, &keeper.keeper_key];
    world.refuse(&[register], &signers, RegistryError::PayoutIsTreasury);
}

#[test]
fn payout_of_another_mint_rejects() {
    let mut world = World::new();
    let keeper = world.keeper_owner("keeper", KeeperRole::Observer);
    let register = paying(&keeper, keeper.stake_wallet);
    let why = in_registry(ErrorCode::ConstraintTokenMint);
    world.refuse(&[register], &[&keeper.owner, &keeper.keeper_key], why);
}

#[test]
fn every_substitute_but_owner_and_payout_rejects() {
    let mut zoo = Zoo::new();
    let keeper = zoo.keeper_owner("third", KeeperRole::Settler);
    let register = zoo.register_keeper_instruction(&keeper);
    let names = [
        "owner",
        "keeper_key",
        "network",
        "keeper",
        "payout",
        "system_program",
        "event_authority",
        "program",
    ];
    // Whoever signs beside the key is the owner; it chooses where its money goes.
    let tokens = zoo.tokens_of(&zoo.payment_mint, &["treasury"]);
    let mut meant: Vec<_> = tokens.iter().map(|name| ("payout", name.as_str())).collect();
    for owner in [
        "stranger 0",
        "stranger 1",
        "stranger 2",
        "stranger 3",
        "other app's authority",
        "other node's operator",
        "other settler's owner",
    ] {
        meant.push(("owner", owner));
    }
    zoo.sweep(&[register], &[&keeper.owner, &keeper.keeper_key], &names, &meant);
}
