use heliograph_client::pda;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_registry::events::NetworkInitialized;
use heliograph_registry::state::{Network, NetworkParams};
use heliograph_tests::World;
use heliograph_tests::world::{DOMAIN, PARAMS};
use solana_pubkey::Pubkey;
use solana_signer::Signer;

#[test]
fn upgrade_authority_creates_the_network() {
    let mut world = World::bare();
    let args = world.network_args();
    let done = world.initialize(args);
    let expected = Network {
        version: 1,
        bump: Pubkey::find_program_address(&[b"network"], &heliograph_registry::ID).1,
        authority: world.authority().pubkey(),
        pending_authority: Pubkey::default(),
        guardian: world.guardian().pubkey(),
        paused: 0,
        domain_id: DOMAIN.0,
        payment_mint: world.payment_mint,
        stake_mint: world.stake_mint,
        treasury: world.treasury,
        staking_program: heliograph_staking::ID,
        settlement_program: heliograph_settlement::ID,
        slashing_program: pda::SLASHING,
        reputation_program: pda::REPUTATION,
        params: PARAMS,
        reserved: [0; 256],
    };
    world.holds(&pda::network(), &expected);
    done.emitted(&NetworkInitialized {
        network: pda::network(),
        authority: world.authority().pubkey(),
        domain_id: DOMAIN.0,
        payment_mint: world.payment_mint,
        stake_mint: world.stake_mint,
        treasury: world.treasury,
        params: PARAMS,
        guardian: world.guardian().pubkey(),
        staking_program: heliograph_staking::ID,
        settlement_program: heliograph_settlement::ID,
        slashing_program: pda::SLASHING,
        reputation_program: pda::REPUTATION,
    });
}

#[test]
fn parameters_at_their_limits_are_accepted() {
    for params in [
        NetworkParams { operator_bps: 10_000, settler_bps: 0, ..PARAMS },
        NetworkParams { operator_bps: 0, settler_bps: 10_000, ..PARAMS },
        NetworkParams { withdrawal_notice_secs: PARAMS.redeem_grace_secs + 1, ..PARAMS },
        NetworkParams { node_stake_min: 0, ..PARAMS },
        NetworkParams { timelock_secs: PARAMS.withdrawal_notice_secs, ..PARAMS },
        NetworkParams {
            dispute_secs: PARAMS.challenge_window_secs + 1,
            case_window_secs: PARAMS.challenge_window_secs / 2,
            ..PARAMS
        },
        NetworkParams {
            unbonding_secs: 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs + 1,
            ..PARAMS
        },
        NetworkParams {
            redeem_grace_secs: PARAMS.challenge_window_secs + PARAMS.challenge_response_secs + 1,
            ..PARAMS
        },
        NetworkParams { observer_quorum: 1, ..PARAMS },
        NetworkParams { observer_quorum: 16, ..PARAMS },
        NetworkParams { case_window_secs: PARAMS.dispute_secs / 2 - 1, ..PARAMS },
        NetworkParams { epoch_secs: PARAMS.unbonding_secs / 9 - 1, ..PARAMS },
        NetworkParams { downtime_epochs: 1, downtime_window_epochs: 64, ..PARAMS },
        NetworkParams { downtime_epochs: 64, downtime_window_epochs: 64, ..PARAMS },
        NetworkParams { score_min_ppm: 1_000_000, case_bond_lamports: 0, ..PARAMS },
        NetworkParams { reporter_bps: 6_000, victim_bps: 4_000, ..PARAMS },
        NetworkParams { equivocation_slash_bps: 10_000, challenge_slash_bps: 0, ..PARAMS },
        NetworkParams {
            redeem_grace_secs: u32::MAX - 1,
            withdrawal_notice_secs: u32::MAX,
            timelock_secs: u32::MAX,
            unbonding_secs: u32::MAX,
            session_secs_max: u32::MAX,
            voucher_grace_secs: u32::MAX,
            node_stake_min: u64::MAX,
            ..PARAMS
        },
    ] {
        let mut world = World::bare();
        let args = InitializeNetworkArgs { params, ..world.network_args() };
        world.initialize(args);
        assert_eq!(world.read::<Network>(&pda::network()).params, params);
    }
}

#[test]
fn lamports_sent_ahead_do_not_stop_it() {
    let mut world = World::bare();
    world.fund(&pda::network());
    let args = world.network_args();
    world.initialize(args);
}
