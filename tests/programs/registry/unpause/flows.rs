use heliograph_client::pda;
use heliograph_registry::events::PauseChanged;
use heliograph_registry::state::Network;
use heliograph_registry::state::pause::{ALL, REGISTER, SESSIONS};
use heliograph_tests::World;
use solana_signer::Signer;

#[test]
fn authority_lets_functions_go_on_one_by_one() {
    let mut world = World::new();
    world.pause(ALL);
    let before: Network = world.read(&pda::network());
    let mut old_paused = ALL;
    // The last one was not paused any more: nothing changes, nothing fails.
    for functions in [REGISTER, SESSIONS, ALL & !SESSIONS, SESSIONS] {
        let done = world.unpause(functions);
        let paused = old_paused & !functions;
        world.holds(&pda::network(), &Network { paused, ..before.clone() });
        let signer = world.authority().pubkey();
        done.emitted(&PauseChanged { signer, old_paused, paused });
        old_paused = paused;
    }
    assert_eq!(old_paused, 0);
}
