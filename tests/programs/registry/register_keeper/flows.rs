use heliograph_registry::events::KeeperRegistered;
use heliograph_registry::state::{ENDPOINT_LEN_MAX, Keeper, KeeperRole, KeeperStatus};
use heliograph_tests::keepers::ENDPOINT;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::{KeeperParty, World};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What a fresh keeper of `party` holds.
fn fresh(party: &KeeperParty, endpoint: &str) -> Keeper {
    let key = party.keeper_key.pubkey();
    let seeds: [&[u8]; 3] = [b"keeper", &[party.role as u8], key.as_ref()];
    Keeper {
        version: 1,
        bump: Pubkey::find_program_address(&seeds, &heliograph_registry::ID).1,
        role: party.role,
        status: KeeperStatus::Pending,
        keeper_key: key,
        owner: party.owner.pubkey(),
        payout: party.payout,
        stake: 0,
        registered_at: BEGINNING,
        status_changed_at: BEGINNING,
        jailed_until: 0,
        endpoint: endpoint.to_owned(),
        reserved: [0; 128],
    }
}

#[test]
fn keeper_is_registered_pending() {
    for role in [KeeperRole::Observer, KeeperRole::Settler] {
        let mut world = World::new();
        let keeper = world.keeper_owner("keeper", role);
        let done = world.register_keeper(&keeper);
        world.holds(&keeper.address, &fresh(&keeper, ENDPOINT));
        done.emitted(&KeeperRegistered {
            keeper: keeper.address,
            role,
            keeper_key: keeper.keeper_key.pubkey(),
            owner: keeper.owner.pubkey(),
            payout: keeper.payout,
            registered_at: BEGINNING,
        });
    }
}

#[test]
fn one_key_can_have_both_roles() {
    let mut world = World::new();
    let observer = world.registered_keeper("keeper", KeeperRole::Observer);
    let settler = world.registered_keeper("keeper", KeeperRole::Settler);
    assert_eq!(observer.keeper_key.pubkey(), settler.keeper_key.pubkey());
    assert_ne!(observer.address, settler.address);
}

#[test]
fn longest_endpoint_fits_the_account() {
    let mut world = World::new();
    let keeper = world.registered_keeper("keeper", KeeperRole::Settler);
    let longest = "e".repeat(ENDPOINT_LEN_MAX);
    world.update_keeper(&keeper, &longest);
    world.holds(&keeper.address, &fresh(&keeper, &longest));
}
