use heliograph_client::instruction::registry::propose_authority;
use heliograph_client::pda;
use heliograph_registry::events::AuthorityProposed;
use heliograph_registry::state::Network;
use heliograph_tests::{World, key};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn proposal_names_a_successor_and_keeps_the_authority() {
    let mut world = World::new();
    let authority = world.authority();
    let before: Network = world.read(&pda::network());
    let (first, second) = (key("first").pubkey(), key("second").pubkey());
    // Another one takes the first one's place; zero takes the proposal back.
    let steps = [(Pubkey::default(), first), (first, second), (second, Pubkey::default())];
    for (old, new) in steps {
        let done = world.act(propose_authority(authority.pubkey(), new), &authority);
        let expected = Network { pending_authority: new, ..before.clone() };
        world.holds(&pda::network(), &expected);
        done.emitted(&AuthorityProposed {
            authority: authority.pubkey(),
            old_pending_authority: old,
            pending_authority: new,
        });
    }
}
