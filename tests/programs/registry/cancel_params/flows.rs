use heliograph_client::instruction::registry::cancel_params;
use heliograph_client::pda;
use heliograph_registry::events::ParamsCancelled;
use heliograph_registry::state::{Network, NetworkParams};
use heliograph_tests::World;
use heliograph_tests::vm::BEGINNING;
use heliograph_tests::world::PARAMS;
use solana_signer::Signer;

#[test]
fn proposal_is_gone_and_its_rent_is_back() {
    let mut world = World::new();
    let authority = world.authority();
    let (network, lamports): (Network, _) =
        (world.read(&pda::network()), world.lamports(&authority.pubkey()));
    let params = NetworkParams { operator_bps: 1, ..PARAMS };
    world.propose_params(params);
    assert!(world.lamports(&authority.pubkey()) < lamports);
    world.pass(2 * PARAMS.timelock_secs);
    let cancel = cancel_params(authority.pubkey(), authority.pubkey());
    let done = world.act(cancel, &authority);
    world.is_gone(&pda::params_change());
    world.holds(&pda::network(), &network);
    assert_eq!(world.lamports(&authority.pubkey()), lamports);
    let treasury = world.treasury;
    done.emitted(&ParamsCancelled { proposed_at: BEGINNING, params, treasury });
    // And another can be made.
    world.propose_params(PARAMS);
}

#[test]
fn successor_cancels_what_the_authority_before_it_proposed() {
    let mut world = World::new();
    let (old, new) = (world.authority(), world.wallet("successor"));
    let lamports = world.lamports(&old.pubkey());
    world.propose_params(PARAMS);
    world.hand_over(&new);
    world.act(cancel_params(new.pubkey(), old.pubkey()), &new);
    assert_eq!(world.lamports(&old.pubkey()), lamports, "who paid the rent gets it");
}
