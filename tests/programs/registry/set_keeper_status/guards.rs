use KeeperStatus::{Active, Exited, Jailed, Pending};
use heliograph_client::instruction::registry::set_keeper_status;
use heliograph_client::pda;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus};
use heliograph_tests::{KeeperParty, World, Zoo};
use solana_signer::Signer;
use std::slice::from_ref;

const ALL: [KeeperStatus; 4] = [Pending, Active, Jailed, Exited];
/// The steps an owner may order; the README lists the same.
const ALLOWED: [(KeeperStatus, KeeperStatus); 4] =
    [(Pending, Active), (Pending, Exited), (Active, Pending), (Active, Exited)];

/// A keeper in `status`, with stake.
fn keeper_in(world: &mut World, status: KeeperStatus) -> KeeperParty {
    let keeper = world.keeper("keeper", KeeperRole::Observer);
    match status {
        Active => {}
        Jailed => {
            world.impersonate(&pda::jailer());
            world.jail(&keeper.address, i64::MAX);
        }
        status => drop(world.set_keeper_status(&keeper, status)),
    }
    assert_eq!(world.read::<Keeper>(&keeper.address).status, status);
    keeper
}

#[test]
fn every_step_but_the_allowed_rejects() {
    for from in ALL {
        for to in ALL {
            let mut world = World::new();
            let keeper = keeper_in(&mut world, from);
            let step = set_keeper_status(keeper.owner.pubkey(), keeper.address, to);
            if ALLOWED.contains(&(from, to)) {
                world.act(step, &keeper.owner);
                assert_eq!(world.read::<Keeper>(&keeper.address).status, to);
            } else {
                world.refuse(&[step], &[&keeper.owner], RegistryError::StatusTransition);
            }
        }
    }
}

#[test]
fn activation_below_the_least_stake_of_the_role_rejects() {
    for role in [KeeperRole::Observer, KeeperRole::Settler] {
        let mut world = World::new();
        let keeper = world.registered_keeper("keeper", role);
        let activate = set_keeper_status(keeper.owner.pubkey(), keeper.address, Active);
        let refused = RegistryError::StakeBelowMinimum;
        world.refuse(from_ref(&activate), &[&keeper.owner], refused);
        world.open_keeper_position(&keeper);
        world.bond(&keeper, keeper.stake_min() - 1);
        world.refuse(from_ref(&activate), &[&keeper.owner], refused);
        world.bond(&keeper, 1);
        world.act(activate, &keeper.owner);
    }
}

#[test]
fn stranger_rejects() {
    let mut world = World::new();
    let keeper = world.keeper("keeper", KeeperRole::Settler);
    let stranger = world.wallet("stranger");
    world.fund(&keeper.keeper_key.pubkey());
    for signer in [&stranger, &keeper.keeper_key, &world.authority()] {
        let exit = set_keeper_status(signer.pubkey(), keeper.address, Exited);
        world.refuse(&[exit], &[signer], RegistryError::NotKeeperOwner);
    }
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let exit = set_keeper_status(zoo.settler.owner.pubkey(), zoo.settler.address, Exited);
    let names = ["owner", "network", "keeper", "event_authority", "program"];
    zoo.sweep(&[exit], &[&zoo.settler.owner], &names, &[]);
}
