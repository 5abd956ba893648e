use heliograph_registry::events::KeeperUpdated;
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus};
use heliograph_tests::{World, key};
use solana_signer::Signer;

#[test]
fn endpoint_and_payout_are_replaced() {
    let mut world = World::new();
    let mut keeper = world.keeper("keeper", KeeperRole::Observer);
    let before: Keeper = world.read(&keeper.address);
    world.pass(60);
    let mint = world.payment_mint;
    let old_payout = keeper.payout;
    keeper.payout = world.create_tokens(&key("colder wallet").pubkey(), &mint);
    let done = world.update_keeper(&keeper, "https://moved.example");
    let after =
        Keeper { payout: keeper.payout, endpoint: "https://moved.example".to_owned(), ..before };
    world.holds(&keeper.address, &after);
    let payout = keeper.payout;
    done.emitted(&KeeperUpdated { keeper: keeper.address, old_payout, payout });
}

#[test]
fn keeper_that_left_can_still_name_another_payout() {
    let mut world = World::new();
    let mut keeper = world.keeper("keeper", KeeperRole::Settler);
    world.set_keeper_status(&keeper, KeeperStatus::Exited);
    let mint = world.payment_mint;
    keeper.payout = world.create_tokens(&key("colder wallet").pubkey(), &mint);
    world.update_keeper(&keeper, "https://gone.example");
    assert_eq!(world.read::<Keeper>(&keeper.address).payout, keeper.payout);
}
