use KeeperStatus::{Active, Exited, Pending};
use heliograph_registry::events::KeeperStatusChanged;
use heliograph_registry::state::{Keeper, KeeperRole, KeeperStatus};
use heliograph_tests::World;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::SETTLER_BOND_MIN;

#[test]
fn step_is_taken_and_dated() {
    let mut world = World::new();
    let keeper = world.keeper("keeper", KeeperRole::Settler);
    let steps = [(Active, Pending), (Pending, Active), (Active, Exited)];
    for (step, (from, to)) in (1..).zip(steps) {
        let before: Keeper = world.read(&keeper.address);
        world.pass(60);
        let done = world.set_keeper_status(&keeper, to);
        let changed_at = BEGINNING + 60 * step;
        let after = Keeper { status: to, status_changed_at: changed_at, ..before };
        world.holds(&keeper.address, &after);
        done.emitted(&KeeperStatusChanged {
            keeper: keeper.address,
            from,
            to,
            stake: SETTLER_BOND_MIN,
            changed_at,
        });
    }
}
