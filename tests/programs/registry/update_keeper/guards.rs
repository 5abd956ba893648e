use super::super::register_keeper::guards::UNUSABLE;
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::update_keeper;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::KeeperRole;
use heliograph_tests::keepers::ENDPOINT;
use heliograph_tests::reason::in_registry;
use heliograph_tests::{KeeperParty, Reason, World, Zoo};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// Tries to name another payout.
fn refused(world: &mut World, keeper: &KeeperParty, payout: Pubkey, why: impl Into<Reason>) {
    let owner = keeper.owner.pubkey();
    let update = update_keeper(owner, keeper.address, payout, ENDPOINT.to_owned());
    world.refuse(&[update], &[&keeper.owner], why);
}

#[test]
fn unusable_endpoint_rejects() {
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Observer);
    for endpoint in UNUSABLE {
        let owner = keeper.owner.pubkey();
        let update = update_keeper(owner, keeper.address, keeper.payout, endpoint.to_owned());
        world.refuse(&[update], &[&keeper.owner], RegistryError::EndpointInvalid);
    }
}

#[test]
pub fn stranger_rejects() {
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Settler);
    let stranger = world.wallet("stranger");
    world.fund(&keeper.keeper_key.pubkey());
    for signer in [&stranger, &keeper.keeper_key, &world.authority()] {
        let endpoint = ENDPOINT.to_owned();
        let update = update_keeper(signer.pubkey(), keeper.address, keeper.payout, endpoint);
        world.refuse(&[update], &[signer], RegistryError::NotKeeperOwner);
    }
}

#[test]
fn treasury_as_payout_rejects() {
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Settler);
    let treasury = world.treasury;
    refused(&mut world, &keeper, treasury, RegistryError::PayoutIsTreasury);
}

#[test]
fn payout_owned_by_the_keeper_key_rejects() {
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Settler);
    let mint = world.payment_mint;
    let payout = world.create_tokens(&keeper.keeper_key.pubkey(), &mint);
    refused(&mut world, &keeper, payout, RegistryError::KeysNotDistinct);
}

#[test]
fn payout_of_another_mint_rejects() {
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Observer);
    let why = in_registry(ErrorCode::ConstraintTokenMint);
    refused(&mut world, &keeper, keeper.stake_wallet, why);
}

#[test]
fn every_substitute_but_the_payout_rejects() {
    let zoo = Zoo::new();
    let settler = &zoo.settler;
    let owner = settler.owner.pubkey();
    let update = update_keeper(owner, settler.address, settler.payout, ENDPOINT.to_owned());
    let names = ["owner", "network", "keeper", "payout", "event_authority", "program"];
    let tokens = zoo.tokens_of(&zoo.payment_mint, &["treasury"]);
    let meant: Vec<_> = tokens.iter().map(|name| ("payout", name.as_str())).collect();
    zoo.sweep(&[update], &[&settler.owner], &names, &meant);
}
