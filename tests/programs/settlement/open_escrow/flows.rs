use heliograph_settlement::events::EscrowOpened;
use heliograph_settlement::state::{Escrow, Totals};
use heliograph_tests::World;
use heliograph_tests::vm::BEGINNING;
use solana_pubkey::Pubkey;

/// What a fresh escrow of `app` holds.
fn fresh(app: Pubkey, escrow: Pubkey) -> Escrow {
    let bump = |seeds: &[&[u8]]| Pubkey::find_program_address(seeds, &heliograph_settlement::ID).1;
    Escrow {
        version: 1,
        bump: bump(&[b"escrow", app.as_ref()]),
        vault_bump: bump(&[b"vault", escrow.as_ref()]),
        app,
        deposited_micro_usdc: 0,
        withdrawn_micro_usdc: 0,
        totals: Totals::default(),
        pending_withdrawal_micro_usdc: 0,
        withdrawal_available_at: 0,
        next_incarnation: 0,
        opened_at: BEGINNING,
        bonded_micro_usdc: 0,
        reserved: [0; 120],
    }
}

#[test]
fn escrow_opens_empty() {
    let mut world = World::new();
    let app = world.app("app");
    let done = world.open_escrow(&app);
    world.holds(&app.escrow(), &fresh(app.address, app.escrow()));
    let vault = world.token_account(&app.vault());
    assert_eq!((vault.mint, vault.owner, vault.amount), (world.payment_mint, app.escrow(), 0));
    assert!(vault.delegate.is_none() && vault.close_authority.is_none());
    done.emitted(&EscrowOpened { escrow: app.escrow(), app: app.address });
}

#[test]
fn lamports_sent_ahead_do_not_stop_it() {
    let mut world = World::new();
    let app = world.app("app");
    for address in [app.escrow(), app.vault()] {
        world.fund(&address);
    }
    world.open_escrow(&app);
    world.holds(&app.escrow(), &fresh(app.address, app.escrow()));
}
