use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::{NetworkTokens, initialize_network, propose_params};
use heliograph_client::pda;
use heliograph_registry::InitializeNetworkArgs;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::NetworkParams;
use heliograph_tests::bytecode::set_upgrade_authority;
use heliograph_tests::reason::{already_in_use, in_registry};
use heliograph_tests::world::PARAMS;
use heliograph_tests::{Reason, World};
use solana_signer::Signer;
use std::slice::from_ref;

/// Tries to initialise a bare world's network with these tokens and parameters.
fn refused(
    world: &mut World,
    tokens: NetworkTokens,
    params: NetworkParams,
    why: impl Into<Reason>,
) {
    let authority = world.authority();
    let args = InitializeNetworkArgs { params, ..world.network_args() };
    let initialize = initialize_network(authority.pubkey(), tokens, args);
    world.refuse(&[initialize], &[&authority], why);
}

fn refused_params(params: NetworkParams, why: RegistryError) {
    let mut world = World::bare();
    let tokens = world.network_tokens();
    refused(&mut world, tokens, params, why);
}

#[test]
fn second_network_rejects() {
    let mut world = World::new();
    let tokens = world.network_tokens();
    refused(&mut world, tokens, PARAMS, already_in_use());
}

#[test]
pub fn stranger_rejects() {
    let mut world = World::bare();
    let stranger = world.wallet("stranger");
    let (tokens, args) = (world.network_tokens(), world.network_args());
    let initialize = initialize_network(stranger.pubkey(), tokens, args);
    world.refuse(&[initialize], &[&stranger], RegistryError::NotUpgradeAuthority);
}

#[test]
fn authority_of_another_program_rejects() {
    // A stranger deploys a program of its own and shows its data account.
    let mut world = World::bare();
    let stranger = world.wallet("stranger");
    set_upgrade_authority(world.svm(), &pda::STAKING, Some(stranger.pubkey()));
    let (tokens, args) = (world.network_tokens(), world.network_args());
    let mut initialize = initialize_network(stranger.pubkey(), tokens, args);
    assert_eq!(initialize.accounts[6].pubkey, pda::program_data(&pda::REGISTRY));
    initialize.accounts[6].pubkey = pda::program_data(&pda::STAKING);
    world.refuse(from_ref(&initialize), &[&stranger], RegistryError::NotUpgradeAuthority);
    // And its program with it.
    initialize.accounts[5].pubkey = pda::STAKING;
    let why = in_registry(ErrorCode::InvalidProgramId);
    world.refuse(&[initialize], &[&stranger], why);
}

#[test]
fn immutable_program_rejects() {
    let mut world = World::bare();
    set_upgrade_authority(world.svm(), &pda::REGISTRY, None);
    let tokens = world.network_tokens();
    refused(&mut world, tokens, PARAMS, RegistryError::NotUpgradeAuthority);
}

#[test]
fn authority_that_was_replaced_rejects() {
    let mut world = World::bare();
    let successor = world.wallet("successor");
    set_upgrade_authority(world.svm(), &pda::REGISTRY, Some(successor.pubkey()));
    let tokens = world.network_tokens();
    refused(&mut world, tokens, PARAMS, RegistryError::NotUpgradeAuthority);
}

#[test]
pub fn shares_above_one_whole_reject() {
    for (operator_bps, settler_bps) in
        [(10_001, 0), (0, 10_001), (7_500, 2_501), (u16::MAX, u16::MAX)]
    {
        let params = NetworkParams { operator_bps, settler_bps, ..PARAMS };
        refused_params(params, RegistryError::SharesInvalid);
    }
}

#[test]
pub fn notice_within_the_grace_rejects() {
    for withdrawal_notice_secs in [0, PARAMS.redeem_grace_secs - 1, PARAMS.redeem_grace_secs] {
        let params = NetworkParams { withdrawal_notice_secs, ..PARAMS };
        refused_params(params, RegistryError::WithdrawalNoticeTooShort);
    }
}

#[test]
pub fn zero_duration_rejects() {
    for params in [
        NetworkParams { voucher_grace_secs: 0, ..PARAMS },
        NetworkParams { redeem_grace_secs: 0, ..PARAMS },
        NetworkParams { unbonding_secs: 0, ..PARAMS },
        NetworkParams { session_secs_max: 0, ..PARAMS },
        NetworkParams { challenge_window_secs: 0, ..PARAMS },
        NetworkParams { challenge_response_secs: 0, ..PARAMS },
        NetworkParams { dispute_secs: 0, ..PARAMS },
        NetworkParams { epoch_secs: 0, ..PARAMS },
        NetworkParams { case_window_secs: 0, ..PARAMS },
        NetworkParams { jail_secs: 0, ..PARAMS },
    ] {
        refused_params(params, RegistryError::DurationZero);
    }
}

#[test]
pub fn grace_within_a_challenge_rejects() {
    let challenge = PARAMS.challenge_window_secs + PARAMS.challenge_response_secs;
    for redeem_grace_secs in [1, challenge - 1, challenge] {
        let params = NetworkParams { redeem_grace_secs, ..PARAMS };
        refused_params(params, RegistryError::RedeemGraceTooShort);
    }
    // The sum of two long times is longer still, not short again.
    let params = NetworkParams { challenge_window_secs: u32::MAX, ..PARAMS };
    refused_params(params, RegistryError::RedeemGraceTooShort);
}

#[test]
pub fn unbonding_within_disputes_rejects() {
    let disputes = 2 * PARAMS.dispute_secs + PARAMS.challenge_response_secs;
    for unbonding_secs in [1, PARAMS.dispute_secs, disputes - 1, disputes] {
        let params = NetworkParams { unbonding_secs, ..PARAMS };
        refused_params(params, RegistryError::UnbondingTooShort);
    }
    let params = NetworkParams { dispute_secs: 1 << 31, ..PARAMS };
    refused_params(params, RegistryError::UnbondingTooShort);
}

#[test]
pub fn timelock_within_the_notice_rejects() {
    for timelock_secs in [0, 1, PARAMS.withdrawal_notice_secs - 1] {
        let params = NetworkParams { timelock_secs, ..PARAMS };
        refused_params(params, RegistryError::TimelockTooShort);
    }
}

#[test]
pub fn dispute_within_the_window_rejects() {
    for dispute_secs in [1, PARAMS.challenge_window_secs] {
        let params = NetworkParams { dispute_secs, ..PARAMS };
        refused_params(params, RegistryError::DisputeTooShort);
    }
}

#[test]
pub fn challenge_for_nothing_rejects() {
    let params = NetworkParams { challenge_bond_micro_usdc: 0, ..PARAMS };
    refused_params(params, RegistryError::ChallengeBondZero);
    let mut world = World::new();
    let (authority, treasury) = (world.authority(), world.treasury);
    let propose = propose_params(authority.pubkey(), treasury, params);
    world.refuse(&[propose], &[&authority], RegistryError::ChallengeBondZero);
}

#[test]
pub fn quorum_nobody_can_reach_rejects() {
    for observer_quorum in [0, 17, u8::MAX] {
        let params = NetworkParams { observer_quorum, ..PARAMS };
        refused_params(params, RegistryError::QuorumInvalid);
    }
}

#[test]
pub fn penalty_above_one_whole_rejects() {
    for params in [
        NetworkParams { equivocation_slash_bps: 10_001, ..PARAMS },
        NetworkParams { challenge_slash_bps: 10_001, ..PARAMS },
        NetworkParams { downtime_slash_bps: 10_001, ..PARAMS },
        NetworkParams { observer_fraud_slash_bps: u16::MAX, ..PARAMS },
        NetworkParams { reporter_bps: 6_001, victim_bps: 4_000, ..PARAMS },
        NetworkParams { reporter_bps: u16::MAX, victim_bps: u16::MAX, ..PARAMS },
    ] {
        refused_params(params, RegistryError::PenaltyInvalid);
    }
}

#[test]
pub fn downtime_rule_nobody_can_break_or_keep_rejects() {
    for (downtime_epochs, downtime_window_epochs, score_min_ppm) in
        [(0, 5, 1), (6, 5, 1), (1, 65, 1), (65, 65, 1), (1, 0, 1), (1, 1, 1_000_001)]
    {
        let params =
            NetworkParams { downtime_epochs, downtime_window_epochs, score_min_ppm, ..PARAMS };
        refused_params(params, RegistryError::DowntimeRuleInvalid);
    }
}

#[test]
pub fn case_longer_than_a_dispute_rejects() {
    for case_window_secs in [PARAMS.dispute_secs / 2, PARAMS.dispute_secs, u32::MAX] {
        let params = NetworkParams { case_window_secs, ..PARAMS };
        refused_params(params, RegistryError::CaseTooLong);
    }
}

#[test]
pub fn unbonding_within_the_epochs_judged_rejects() {
    let judged = u32::from(PARAMS.downtime_window_epochs) + 4;
    let epoch_secs = PARAMS.unbonding_secs / judged;
    assert_eq!(epoch_secs * judged, PARAMS.unbonding_secs, "the limit is reached exactly");
    for epoch_secs in [epoch_secs, epoch_secs + 1, u32::MAX] {
        let params = NetworkParams { epoch_secs, ..PARAMS };
        refused_params(params, RegistryError::UnbondingWithinEpochs);
    }
}

#[test]
pub fn payment_mint_of_other_decimals_rejects() {
    for decimals in [0, 5, 7, 9] {
        let mut world = World::bare();
        let mint = world.create_mint("odd mint", decimals);
        let owner = world.authority().pubkey();
        let treasury = world.create_tokens(&owner, &mint);
        let tokens = NetworkTokens { payment_mint: mint, treasury, ..world.network_tokens() };
        refused(&mut world, tokens, PARAMS, RegistryError::PaymentMintDecimals);
    }
}

#[test]
fn treasury_of_another_mint_rejects() {
    let mut world = World::bare();
    let (owner, mint) = (world.authority().pubkey(), world.other_mint);
    let treasury = world.create_tokens(&owner, &mint);
    let tokens = NetworkTokens { treasury, ..world.network_tokens() };
    refused(&mut world, tokens, PARAMS, in_registry(ErrorCode::ConstraintTokenMint));
}

#[test]
fn tokens_that_are_none_reject() {
    let mut world = World::bare();
    let (good, wallet) = (world.network_tokens(), world.authority().pubkey());
    let not_tokens = in_registry(ErrorCode::AccountOwnedByWrongProgram);
    for tokens in [
        NetworkTokens { payment_mint: wallet, ..good },
        NetworkTokens { stake_mint: wallet, ..good },
        NetworkTokens { treasury: wallet, ..good },
    ] {
        refused(&mut world, tokens, PARAMS, not_tokens.clone());
    }
}
