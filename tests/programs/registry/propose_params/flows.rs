use heliograph_client::pda;
use heliograph_registry::events::ParamsProposed;
use heliograph_registry::state::{Network, NetworkParams, ParamsChange};
use heliograph_tests::World;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::PARAMS;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn proposal_waits_and_changes_nothing_yet() {
    let mut world = World::new();
    let before: Network = world.read(&pda::network());
    let params = NetworkParams { operator_bps: 8_000, ..PARAMS };
    let done = world.propose_params(params);
    let available_at = BEGINNING + i64::from(PARAMS.timelock_secs);
    world.holds(
        &pda::params_change(),
        &ParamsChange {
            version: 1,
            bump: Pubkey::find_program_address(&[b"params_change"], &heliograph_registry::ID).1,
            params,
            treasury: world.treasury,
            proposed_at: BEGINNING,
            available_at,
            rent_payer: world.authority().pubkey(),
            reserved: [0; 64],
        },
    );
    world.holds(&pda::network(), &before);
    let treasury = world.treasury;
    done.emitted(&ParamsProposed { params, treasury, proposed_at: BEGINNING, available_at });
}

#[test]
fn timelock_is_the_one_in_force() {
    // A proposal of a shorter timelock waits out the longer one.
    let mut world = World::new();
    let timelock_secs = PARAMS.withdrawal_notice_secs;
    assert!(timelock_secs < PARAMS.timelock_secs);
    world.propose_params(NetworkParams { timelock_secs, ..PARAMS });
    let change: ParamsChange = world.read(&pda::params_change());
    assert_eq!(change.available_at - change.proposed_at, i64::from(PARAMS.timelock_secs));
}
