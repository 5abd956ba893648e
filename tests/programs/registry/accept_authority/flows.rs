use heliograph_client::instruction::registry::{accept_authority, propose_authority};
use heliograph_client::pda;
use heliograph_registry::events::AuthorityChanged;
use heliograph_registry::state::Network;
use heliograph_tests::World;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn successor_accepts_and_hands_back() {
    let mut world = World::new();
    let before: Network = world.read(&pda::network());
    let (first, second) = (world.authority(), world.wallet("successor"));
    for (old, new) in [(&first, &second), (&second, &first)] {
        world.act(propose_authority(old.pubkey(), new.pubkey()), old);
        let done = world.act(accept_authority(new.pubkey()), new);
        let expected = Network {
            authority: new.pubkey(),
            pending_authority: Pubkey::default(),
            ..before.clone()
        };
        world.holds(&pda::network(), &expected);
        let (old_authority, authority) = (old.pubkey(), new.pubkey());
        done.emitted(&AuthorityChanged { old_authority, authority });
    }
}
