use heliograph_client::instruction::staking::open_delegation;
use heliograph_registry::state::KeeperRole;
use heliograph_staking::error::StakingError;
use heliograph_tests::reason::already_in_use;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
pub fn keeper_rejects() {
    let mut world = World::new();
    let wallet = world.wallet("delegator");
    for role in [KeeperRole::Observer, KeeperRole::Settler] {
        let keeper = world.keeper("keeper", role);
        let open = open_delegation(wallet.pubkey(), keeper.address);
        world.refuse(&[open], &[&wallet], StakingError::NotDelegable);
    }
}

#[test]
fn second_delegation_to_one_node_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("one", &node);
    let again = open_delegation(party.wallet.pubkey(), node.address);
    world.refuse(&[again], &[&party.wallet], already_in_use());
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let party = zoo.future_delegator("third", &node);
    let open = open_delegation(party.wallet.pubkey(), node.address);
    let names =
        ["delegator", "position", "delegation", "system_program", "event_authority", "program"];
    zoo.sweep(&[open], &[&party.wallet], &names, &[]);
}
