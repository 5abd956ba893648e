use heliograph_staking::events::PositionOpened;
use heliograph_staking::state::{Position, Role, UNBONDING_SLOTS, Unbonding};
use heliograph_tests::World;
use heliograph_tests::vm::BEGINNING;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn position_opens_empty() {
    let mut world = World::new();
    let node = world.registered("node");
    let done = world.open_position(&node);
    let bump = |seeds: &[&[u8]]| Pubkey::find_program_address(seeds, &heliograph_staking::ID).1;
    let expected = Position {
        version: 1,
        bump: bump(&[b"position", node.address.as_ref()]),
        vault_bump: bump(&[b"vault", node.position().as_ref()]),
        role: Role::Node,
        subject: node.address,
        owner: node.operator.pubkey(),
        mint: world.stake_mint,
        bonded: 0,
        unbonding: [Unbonding::default(); UNBONDING_SLOTS],
        opened_at: BEGINNING,
        delegated: 0,
        delegated_shares: 0,
        undelegating_shares: 0,
        reward_per_share: 0,
        held: 0,
        held_delegated: 0,
        reserved: [0; 112],
    };
    world.holds(&node.position(), &expected);
    let vault = world.token_account(&node.stake_vault());
    assert_eq!((vault.mint, vault.owner, vault.amount), (world.stake_mint, node.position(), 0));
    assert!(vault.delegate.is_none() && vault.close_authority.is_none());
    done.emitted(&PositionOpened {
        position: node.position(),
        subject: node.address,
        owner: node.operator.pubkey(),
        role: Role::Node,
        mint: world.stake_mint,
    });
}
