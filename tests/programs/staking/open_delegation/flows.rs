use heliograph_client::instruction::staking::open_delegation;
use heliograph_staking::events::DelegationOpened;
use heliograph_staking::state::{Delegation, Position, UNDELEGATION_SLOTS, Undelegation};
use heliograph_tests::World;
use heliograph_tests::world::USDC;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn delegation_opens_empty_and_earns_nothing_of_before() {
    let mut world = World::new();
    let node = world.node("node");
    let (first, funder) = (world.delegator("first", &node), world.funder(&node));
    world.delegate(&first, 3);
    world.reward(&funder, &node, USDC);
    let party = world.future_delegator("second", &node);
    let wallet = party.wallet.pubkey();
    let done = world.act(open_delegation(wallet, node.address), &party.wallet);
    let seeds: [&[u8]; 3] = [b"delegation", &node.position().to_bytes(), &wallet.to_bytes()];
    let per_share = world.read::<Position>(&node.position()).reward_per_share;
    assert!(per_share > 0);
    world.holds(
        &party.address,
        &Delegation {
            version: 1,
            bump: Pubkey::find_program_address(&seeds, &heliograph_staking::ID).1,
            position: node.position(),
            delegator: wallet,
            shares: 0,
            undelegating: [Undelegation::default(); UNDELEGATION_SLOTS],
            counted_per_share: per_share,
            rewards_micro_usdc: 0,
            reserved: [0; 64],
        },
    );
    done.emitted(&DelegationOpened {
        delegation: party.address,
        position: node.position(),
        delegator: wallet,
    });
}
