use heliograph_client::instruction::registry::{apply_params, propose_params};
use heliograph_client::pda;
use heliograph_registry::events::ParamsChanged;
use heliograph_registry::state::{Network, NetworkParams};
use heliograph_settlement::state::Session;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{Scene, World, key};
use solana_signer::Signer;

/// Other values for everything.
const NEXT: NetworkParams = NetworkParams {
    operator_bps: 6_000,
    settler_bps: 1_000,
    voucher_grace_secs: 30,
    redeem_grace_secs: 4_000,
    withdrawal_notice_secs: 9_000,
    unbonding_secs: 900_000,
    session_secs_max: 50_000,
    node_stake_min: 1,
    timelock_secs: 9_000,
    observer_stake_min: 2,
    settler_bond_min_micro_usdc: 3,
    challenge_window_secs: 700,
    challenge_response_secs: 1_900,
    dispute_secs: 90_000,
    challenge_bond_micro_usdc: 4,
    batch_total_max_micro_usdc: 5,
    epoch_secs: 6,
    observer_quorum: 7,
    case_window_secs: 8,
    case_bond_lamports: 9,
    equivocation_slash_bps: 10,
    challenge_slash_bps: 11,
    downtime_slash_bps: 12,
    observer_fraud_slash_bps: 13,
    downtime_epochs: 14,
    downtime_window_epochs: 15,
    score_min_ppm: 16,
    jail_secs: 17,
    reporter_bps: 18,
    victim_bps: 19,
    channel_bond_min_micro_usdc: 20,
};

#[test]
fn proposal_comes_true_when_its_time_has_come() {
    let mut world = World::new();
    let (authority, mint) = (world.authority(), world.payment_mint);
    let lamports = world.lamports(&authority.pubkey());
    let before: Network = world.read(&pda::network());
    let treasury = world.create_tokens(&key("next treasury").pubkey(), &mint);
    let propose = propose_params(authority.pubkey(), treasury, NEXT);
    world.act(propose, &authority);
    world.pass(PARAMS.timelock_secs);
    let old_treasury = world.treasury;
    // Nobody signs but who pays the fee.
    let done = world.run(&[apply_params(treasury, authority.pubkey())], &[]);
    world.holds(&pda::network(), &Network { params: NEXT, treasury, ..before });
    world.is_gone(&pda::params_change());
    assert_eq!(world.lamports(&authority.pubkey()), lamports, "the rent is back");
    done.emitted(&ParamsChanged { old_params: PARAMS, params: NEXT, old_treasury, treasury });
}

#[test]
fn sessions_open_already_keep_their_shares() {
    let mut scene = Scene::new();
    scene.propose_params(NEXT);
    scene.pass(PARAMS.timelock_secs);
    let apply = scene.apply_params_instruction();
    scene.run(&[apply], &[]);
    let session: Session = scene.read(&scene.session.address);
    assert_eq!(session.operator_bps, PARAMS.operator_bps);
    assert_eq!(session.settler_bps, PARAMS.settler_bps);
}

#[test]
fn proposal_of_an_authority_that_was_replaced_still_comes_true() {
    // The successor has the whole timelock to cancel it.
    let mut world = World::new();
    let new = world.wallet("successor");
    world.propose_params(NEXT);
    world.hand_over(&new);
    world.pass(PARAMS.timelock_secs);
    let apply = world.apply_params_instruction();
    world.run(&[apply], &[]);
    assert_eq!(world.read::<Network>(&pda::network()).params, NEXT);
}
