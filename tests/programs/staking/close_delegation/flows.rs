use heliograph_client::instruction::staking::close_delegation;
use heliograph_staking::events::DelegationClosed;
use heliograph_staking::state::Position;
use heliograph_tests::World;
use heliograph_tests::world::{PARAMS, USDC};
use solana_signer::Signer;

#[test]
fn empty_delegation_returns_its_rent_and_can_be_opened_again() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, funder) = (world.future_delegator("one", &node), world.funder(&node));
    let wallet = party.wallet.pubkey();
    let lamports = world.lamports(&wallet);
    for _ in 0..2 {
        let open = heliograph_client::instruction::staking::open_delegation(wallet, node.address);
        world.act(open, &party.wallet);
        world.delegate(&party, 10);
        world.reward(&funder, &node, USDC);
        world.undelegate(&party, 10);
        world.claim_rewards(&party).expect("something was earned");
        world.pass(PARAMS.unbonding_secs);
        world.withdraw_delegation(&party);
        let done = world.act(close_delegation(wallet, node.address), &party.wallet);
        world.is_gone(&party.address);
        assert_eq!(world.lamports(&wallet), lamports);
        done.emitted(&DelegationClosed {
            delegation: party.address,
            position: node.position(),
            delegator: wallet,
        });
    }
    assert_eq!(world.tokens(&party.payout), 2 * USDC, "each time for itself");
    assert_eq!(world.read::<Position>(&node.position()).delegated_shares, 0);
}
