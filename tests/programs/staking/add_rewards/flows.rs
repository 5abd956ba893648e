use heliograph_staking::events::RewardsAdded;
use heliograph_staking::state::Position;
use heliograph_tests::World;
use heliograph_tests::delegators::FUNDER_WALLET;
use heliograph_tests::world::USDC;
use solana_signer::Signer;

#[test]
fn reward_raises_what_a_share_has_earned() {
    let mut world = World::new();
    let node = world.node("node");
    let (party, funder) = (world.delegator("one", &node), world.funder(&node));
    world.delegate(&party, 3);
    let before: Position = world.read(&node.position());
    let mut reward_per_share = 0;
    for amount_micro_usdc in [10, USDC] {
        let done = world.reward(&funder, &node, amount_micro_usdc);
        reward_per_share += (u128::from(amount_micro_usdc) << 64) / 3;
        done.emitted(&RewardsAdded {
            position: node.position(),
            amount_micro_usdc,
            reward_per_share,
        });
    }
    world.holds(&node.position(), &Position { reward_per_share, ..before });
    let (_, vault) = world.reward_instruction(&funder, &node, 1);
    assert_eq!(world.tokens(&vault), USDC + 10);
    let mint = world.payment_mint;
    let wallet = heliograph_client::pda::token_account(&funder.pubkey(), &mint);
    assert_eq!(world.tokens(&wallet), FUNDER_WALLET - USDC - 10);
}
