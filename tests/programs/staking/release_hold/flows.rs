use heliograph_client::pda;
use heliograph_staking::events::HoldReleased;
use heliograph_staking::state::Position;
use heliograph_tests::World;

#[test]
fn released_stake_is_free_again() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::slasher());
    world.hold(&node.address, 100);

    let done = world.release_hold(&node.address, 60);

    done.emitted(&HoldReleased {
        position: node.position(),
        requested: 60,
        amount: 60,
        held: 40,
        held_delegated: 0,
    });
    // More than is held is all that is held.
    let done = world.release_hold(&node.address, 60);
    assert_eq!(done.returned, 40u64.to_le_bytes());
    let position: Position = world.read(&node.position());
    assert_eq!((position.held, position.held_delegated), (0, 0));
}
