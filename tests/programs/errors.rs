//! Every error code: its number, its message, and a guard that reaches it.

use crate::{registry as r, reputation as q, settlement as e, slashing as l, staking as s};
use heliograph_registry::error::RegistryError;
use heliograph_reputation::error::ReputationError;
use heliograph_settlement::error::SettlementError;
use heliograph_slashing::error::SlashingError;
use heliograph_staking::error::StakingError;
use heliograph_tests::{Reason, reason};
use std::collections::BTreeSet;

/// A code, the number it had when it was published, and the guard that reaches it.
type Row = (Reason, u32, String, fn());

/// The codes of one program. The match makes the compiler refuse a list that is not complete.
macro_rules! codes {
    ($list:ident, $error:ident: $($name:ident = $number:literal by $guard:path,)*) => {
        fn $list() -> Vec<Row> {
            let listed = |error: $error| match error {
                $($error::$name => $error::$name,)*
            };
            vec![$({
                let error = listed($error::$name);
                (Reason::from(error), 6_000 + $number, error.to_string(), $guard as fn())
            },)*]
        }
    };
}

codes! { registry_codes, RegistryError:
    NotUpgradeAuthority = 0 by r::initialize_network::guards::stranger_rejects,
    SharesInvalid = 1 by r::initialize_network::guards::shares_above_one_whole_reject,
    WithdrawalNoticeTooShort = 2 by r::initialize_network::guards::notice_within_the_grace_rejects,
    DurationZero = 3 by r::initialize_network::guards::zero_duration_rejects,
    PaymentMintDecimals = 4
        by r::initialize_network::guards::payment_mint_of_other_decimals_rejects,
    RedeemGraceTooShort = 5 by r::initialize_network::guards::grace_within_a_challenge_rejects,
    UnbondingTooShort = 6 by r::initialize_network::guards::unbonding_within_disputes_rejects,
    TimelockTooShort = 7 by r::initialize_network::guards::timelock_within_the_notice_rejects,
    DisputeTooShort = 8 by r::initialize_network::guards::dispute_within_the_window_rejects,
    QuorumInvalid = 9 by r::initialize_network::guards::quorum_nobody_can_reach_rejects,
    NotAuthority = 10 by r::propose_params::guards::stranger_rejects,
    NotGuardian = 11 by r::pause::guards::stranger_rejects,
    NotPendingAuthority = 12 by r::accept_authority::guards::nobody_proposed_rejects,
    TimelockRunning = 13 by r::apply_params::guards::timelock_not_over_rejects,
    FunctionsInvalid = 14 by r::pause::guards::functions_that_do_not_exist_reject,
    RegistrationsPaused = 15 by r::pause::guards::paused_registrations_reject,
    OtherRentPayer = 16 by r::cancel_params::guards::rent_for_a_stranger_rejects,
    OtherTreasury = 17 by r::apply_params::guards::another_treasury_rejects,
    ChallengeBondZero = 18 by r::initialize_network::guards::challenge_for_nothing_rejects,
    PenaltyInvalid = 19 by r::initialize_network::guards::penalty_above_one_whole_rejects,
    DowntimeRuleInvalid = 20
        by r::initialize_network::guards::downtime_rule_nobody_can_break_or_keep_rejects,
    CaseTooLong = 21 by r::initialize_network::guards::case_longer_than_a_dispute_rejects,
    UnbondingWithinEpochs = 22
        by r::initialize_network::guards::unbonding_within_the_epochs_judged_rejects,
    ServicesInvalid = 100 by r::register_node::guards::unusable_profile_rejects,
    CountryInvalid = 101 by r::register_node::guards::unusable_profile_rejects,
    EndpointInvalid = 102 by r::register_node::guards::unusable_profile_rejects,
    RegionInvalid = 103 by r::register_node::guards::unusable_profile_rejects,
    CapacityZero = 104 by r::register_node::guards::unusable_profile_rejects,
    NotOperator = 105 by r::update_node::guards::stranger_rejects,
    StatusTransition = 106 by r::set_node_status::guards::every_step_but_the_allowed_rejects,
    StakeBelowMinimum = 107 by r::set_node_status::guards::activation_below_the_least_stake_rejects,
    KeysNotDistinct = 108 by r::register_node::guards::one_key_for_operator_and_node_rejects,
    PayoutIsTreasury = 109 by r::register_node::guards::treasury_as_payout_rejects,
    NotAppAuthority = 200 by r::update_app::guards::stranger_rejects,
    VoucherSignerExpired = 201 by r::create_app::guards::unusable_policy_rejects,
    CountriesInvalid = 202 by r::create_app::guards::unusable_policy_rejects,
    VoucherSignerInvalid = 203 by r::create_app::guards::unusable_policy_rejects,
    NotKeeperOwner = 300 by r::update_keeper::guards::stranger_rejects,
    NotSubjectOwner = 301 by r::unjail::guards::stranger_rejects,
    NotJailed = 302 by r::unjail::guards::free_subject_rejects,
    JailNotOver = 303 by r::unjail::guards::time_not_over_rejects,
    NotASubject = 304 by r::unjail::guards::account_that_is_no_subject_rejects,
}

codes! { staking_codes, StakingError:
    NotOwner = 0 by s::deposit::guards::stranger_rejects,
    NotSubjectOwner = 1 by s::open_position::guards::stranger_rejects,
    OtherSubject = 2 by s::deposit::guards::other_node_rejects,
    OtherMint = 3 by s::deposit::guards::other_mint_rejects,
    OtherStakingProgram = 4
        by s::open_position::guards::network_of_another_staking_program_rejects,
    AmountZero = 100 by s::deposit::guards::zero_rejects,
    AmountAboveBonded = 101 by s::unbond::guards::more_than_is_bonded_rejects,
    Overflow = 102 by s::deposit::guards::overflow_rejects,
    UnbondingSlotsFull = 200 by s::unbond::guards::ninth_unbonding_at_once_rejects,
    NothingMatured = 201 by s::withdraw::guards::nothing_unbonding_rejects,
    StakeHeld = 202 by s::hold::guards::withdrawal_of_held_stake_rejects,
    NotDelegable = 300 by s::open_delegation::guards::keeper_rejects,
    PoolLost = 301 by s::delegate::guards::pool_that_lost_everything_rejects,
    SharesAboveDelegated = 302 by s::undelegate::guards::more_than_is_delegated_rejects,
    NotDelegator = 303 by s::undelegate::guards::stranger_rejects,
    OtherPosition = 304 by s::undelegate::guards::other_position_rejects,
    NothingDelegated = 305 by s::add_rewards::guards::nobody_to_reward_rejects,
    NothingToClaim = 306 by s::claim_rewards::guards::nothing_earned_rejects,
    DelegationNotEmpty = 307 by s::close_delegation::guards::delegation_that_holds_something_rejects,
    OtherRewardsVault = 308 by s::add_rewards::guards::other_vault_rejects,
}

codes! { settlement_codes, SettlementError:
    NotAppAuthority = 0 by e::request_withdrawal::guards::stranger_rejects,
    OtherApp = 1 by e::request_withdrawal::guards::escrow_of_another_app_rejects,
    OtherMint = 2 by e::deposit::guards::other_mint_rejects,
    AmountZero = 3 by e::deposit::guards::zero_rejects,
    Overflow = 4 by e::deposit::guards::overflow_rejects,
    AmountAboveBalance = 5 by e::request_withdrawal::guards::more_than_is_deposited_rejects,
    WithdrawalPending = 6 by e::request_withdrawal::guards::second_notice_rejects,
    NoWithdrawalPending = 7 by e::cancel_withdrawal::guards::nothing_under_notice_rejects,
    WithdrawalNotDue = 8 by e::withdraw::guards::notice_not_over_rejects,
    OtherChannel = 100 by e::close_channel::guards::channel_of_another_app_rejects,
    ChannelHasSessions = 101 by e::close_channel::guards::open_session_rejects,
    ChannelBonded = 102 by e::close_channel::guards::bond_rejects,
    BondBelowMinimum = 103 by e::open_session::guards::bond_below_the_minimum_rejects,
    BondInUse = 104 by e::release_bond::guards::redeemable_session_rejects,
    NoBond = 105 by e::release_bond::guards::no_bond_rejects,
    NodeNotActive = 200 by e::open_session::guards::node_not_active_rejects,
    NodePrivate = 201 by e::open_session::guards::node_of_another_app_rejects,
    ServicesNotSold = 202 by e::open_session::guards::services_not_sold_reject,
    PriceAboveCeiling = 203 by e::open_session::guards::price_above_the_sessions_ceiling_rejects,
    CountryNotAllowed = 204 by e::open_session::guards::country_not_allowed_rejects,
    CapZero = 205 by e::open_session::guards::cap_of_zero_rejects,
    ExpiryInvalid = 206 by e::open_session::guards::expiry_out_of_range_rejects,
    ExpiryAfterSigner = 207 by e::open_session::guards::expiry_after_the_signers_rejects,
    SessionEnded = 208 by e::end_session::guards::ended_session_rejects,
    SessionRedeemable = 209 by e::close_session::guards::redeemable_session_rejects,
    OtherRentPayer = 210 by e::close_session::guards::rent_for_a_stranger_rejects,
    SessionsPaused = 211 by r::pause::guards::paused_sessions_reject,
    NoSignatureInstruction = 300
        by e::redeem_voucher::precompile::missing_signature_instruction_rejects,
    SignatureInstructionInvalid = 301 by e::redeem_voucher::precompile::two_signatures_reject,
    OtherVoucherSigner = 302 by e::redeem_voucher::guards::another_signer_rejects,
    NotAVoucher = 303 by e::redeem_voucher::guards::truncated_message_rejects,
    VoucherOtherChannel = 304 by e::redeem_voucher::guards::voucher_of_another_channel_rejects,
    VoucherOtherSession = 305 by e::redeem_voucher::guards::voucher_of_another_session_rejects,
    VoucherStale = 306 by e::redeem_voucher::guards::replayed_voucher_rejects,
    VoucherOverCap = 307 by e::redeem_voucher::guards::amount_over_cap_rejects,
    EscrowEmpty = 308 by e::redeem_voucher::guards::empty_escrow_rejects,
    RedeemTooLate = 309 by e::redeem_voucher::guards::expired_grace_rejects,
    OtherPayee = 310 by e::redeem_voucher::guards::payout_of_somebody_else_rejects,
    OtherSession = 311 by e::redeem_voucher::guards::session_of_another_node_rejects,
    SessionDisputable = 212 by e::close_session::guards::session_needed_to_answer_rejects,
    VoucherProvenAlready = 312 by e::prove_voucher::guards::voucher_shown_before_rejects,
    NotKeeperKey = 400 by e::open_book::guards::key_of_another_settler_rejects,
    NotKeeperOwner = 401 by e::close_book::guards::stranger_rejects,
    NotASettler = 402 by e::open_book::guards::observer_rejects,
    OtherKeeper = 403 by e::close_book::guards::book_of_another_settler_rejects,
    OtherBook = 404 by e::open_book::guards::account_at_another_address_rejects,
    BookTooSmall = 405 by e::open_book::guards::too_few_slots_reject,
    BookInUse = 406 by e::close_book::guards::batch_that_can_be_disputed_rejects,
    NothingToRelease = 407 by e::release::guards::nothing_over_rejects,
    BatchesPaused = 500 by e::post_batch::guards::pause_of_batches_rejects,
    SettlerNotActive = 501 by e::post_batch::guards::settler_not_active_rejects,
    MinuteOutOfOrder = 502
        by e::post_batch::guards::minute_posted_already_or_passed_over_rejects,
    MinuteOutOfRange = 503 by e::post_batch::guards::minute_in_the_future_or_long_past_rejects,
    BatchEmpty = 504 by e::post_batch::guards::nothing_to_pay_rejects,
    BatchAboveMaximum = 505 by e::post_batch::guards::total_above_the_maximum_rejects,
    ExposureAboveBond = 506 by e::post_batch::guards::exposure_above_the_bond_rejects,
    BookFull = 507 by e::post_batch::guards::slot_with_a_batch_under_dispute_rejects,
    BatchUnknown = 508 by e::claim::guards::minute_without_a_batch_rejects,
    BatchVoid = 509 by e::claim::guards::void_batch_rejects,
    ClaimTooEarly = 600 by e::claim::guards::window_not_over_rejects,
    BookChallenged = 601 by e::claim::guards::challenge_of_any_batch_of_the_book_rejects,
    LeavesNotSessions = 602 by e::claim::guards::leaves_without_their_sessions_reject,
    ProofInvalid = 603 by e::claim::guards::altered_leaf_or_proof_rejects,
    LeafOverCap = 604 by e::claim::guards::leaf_over_the_cap_rejects,
    ClaimsUnproven = 605 by e::claim::records::third_settler_rejects_until_a_voucher_is_shown,
    ClaimTooLate = 606 by e::claim::guards::grace_over_rejects,
    RestoreAboveClaims = 607 by e::restore::guards::more_than_was_taken_rejects,
    LeafUnknown = 700 by e::open_challenge::guards::leaf_the_batch_does_not_have_rejects,
    DisputeOver = 701 by e::open_challenge::guards::dispute_over_rejects,
    ResponseTimeLeft = 702 by e::fail_challenge::guards::time_left_to_answer_rejects,
    ChallengeHasFailed = 703 by e::answer_challenge::guards::failed_challenge_rejects,
    ChallengeInUse = 704
        by e::close_challenge::guards::evidence_rejects_until_no_case_can_need_it,
}

codes! { reputation_codes, ReputationError:
    OtherReputationProgram = 0
        by q::post_root::guards::network_of_another_reputation_program_rejects,
    EpochNotAligned = 1 by q::post_root::guards::epoch_between_two_rejects,
    EpochRetained = 2 by q::close_observation::guards::observation_still_kept_rejects,
    EpochInUse = 3 by q::close_epoch::guards::epoch_with_observations_or_tallies_rejects,
    OtherRentPayer = 4 by q::close_tally::guards::rent_for_a_stranger_rejects,
    Overflow = 5 by q::submit_leaf::guards::overflowing_count_rejects,
    OtherEpochLength = 6 by q::post_root::guards::epoch_of_another_length_rejects,
    NotKeeperKey = 100 by q::post_root::guards::another_key_rejects,
    NotAnObserver = 101 by q::post_root::guards::settler_rejects,
    ObserverNotActive = 102 by q::post_root::guards::observer_not_at_work_rejects,
    ObservationsPaused = 103 by q::post_root::guards::paused_posting_rejects_until_it_goes_on,
    NotPosting = 104 by q::post_root::guards::early_and_late_roots_reject,
    NoLeaves = 105 by q::post_root::guards::root_over_nothing_rejects,
    SeatsTaken = 106 by q::post_root::seats::seventeenth_of_equal_stake_rejects,
    NotSubmitting = 200 by q::submit_leaf::guards::early_and_late_leaves_reject,
    OtherObservation = 201
        by q::submit_leaf::guards::observation_of_another_observer_or_epoch_rejects,
    NotSeated = 202 by q::post_root::seats::leaf_of_one_who_lost_its_seat_rejects,
    FiguresInvalid = 203 by q::submit_leaf::guards::figures_no_probes_could_give_reject,
    ProofInvalid = 204 by q::submit_leaf::guards::forged_leaf_rejects,
    LeafTwice = 205 by q::submit_leaf::guards::observers_leaf_twice_rejects,
    TallyUnscored = 206 by q::close_tally::guards::tally_that_can_be_scored_rejects,
    NotScoring = 300 by q::score_node::guards::scoring_while_leaves_can_be_shown_rejects,
    OtherTally = 301 by q::score_node::guards::tally_of_another_epoch_rejects,
    QuorumMissed = 302 by q::score_node::guards::quorum_missed_rejects,
    ScoredTwice = 303 by q::score_node::guards::second_scoring_rejects,
    EpochTooOld = 304 by q::ring::epoch_before_all_that_is_remembered_rejects,
    OtherStanding = 305 by q::score_node::guards::standings_other_than_the_seated_reject,
}

codes! { slashing_codes, SlashingError:
    OtherSlashingProgram = 0
        by l::open_equivocation_case::guards::network_of_another_slashing_program_rejects,
    OtherSubject = 1 by l::open_challenge_case::guards::another_settlers_challenge_rejects,
    CaseUnderWay = 2 by l::open_equivocation_case::guards::second_case_of_the_kind_rejects,
    AlreadyPunished = 3 by l::open_equivocation_case::guards::deed_of_before_the_verdict_rejects,
    CaseDecided = 4 by l::decide_case::guards::second_verdict_rejects,
    TooEarly = 5 by l::decide_case::guards::verdict_before_its_time_rejects,
    CaseInUse = 6 by l::close_case::guards::open_case_rejects,
    OtherKind = 7 by l::refute_epoch::guards::case_of_another_kind_rejects,
    OtherPayee = 8 by l::decide_case::guards::tokens_to_somebody_else_reject,
    OtherWallet = 9 by l::close_case::guards::lamports_to_somebody_else_reject,
    OtherRecord = 10 by l::decide_case::guards::record_of_another_rejects,
    Overflow = 11 by l::open_equivocation_case::guards::overflow_rejects,
    NoSignatureInstruction = 100
        by l::open_equivocation_case::guards::evidence_nobody_verified_rejects,
    SignatureInstructionInvalid = 101
        by l::open_equivocation_case::guards::other_numbers_of_signatures_reject,
    OtherSigner = 102 by l::open_equivocation_case::guards::signature_of_another_key_rejects,
    NotAReceipt = 103 by l::open_equivocation_case::guards::messages_that_are_no_receipts_reject,
    OtherMinute = 104 by l::open_equivocation_case::guards::receipts_of_two_minutes_reject,
    ReceiptsAgree = 105 by l::open_equivocation_case::guards::receipts_that_agree_reject,
    OtherSession = 106 by l::open_equivocation_case::guards::receipts_of_another_session_reject,
    OtherApp = 107 by l::open_equivocation_case::guards::another_app_rejects,
    NotANode = 108 by l::open_equivocation_case::guards::keeper_rejects,
    ChallengeNotFailed = 200
        by l::open_challenge_case::guards::challenge_that_has_not_failed_rejects,
    VouchersAwaited = 201 by l::restore_claims::guards::time_for_vouchers_rejects,
    NothingToRestore = 202 by l::restore_claims::guards::nothing_on_record_rejects,
    TooFewBadEpochs = 300 by l::open_downtime_case::guards::too_few_bad_epochs_reject,
    EpochNotCharged = 301 by l::refute_epoch::guards::epoch_not_charged_rejects,
    NotUpheldFraud = 302 by l::refute_epoch::guards::cases_that_prove_nothing_reject,
    QuorumStands = 303 by l::refute_epoch::guards::quorum_without_them_rejects,
    NotARootStatement = 400 by l::open_fraud_case::guards::message_that_is_no_statement_rejects,
    OtherStatement = 401 by l::open_fraud_case::guards::statement_of_another_epoch_rejects,
    StatementAgrees = 402 by l::open_fraud_case::guards::statement_that_agrees_rejects,
    NotAnObserver = 403 by l::open_fraud_case::guards::settler_rejects,
    LeafNotPosted = 404 by l::open_samples_case::guards::leaf_that_was_not_posted_rejects,
    OtherSamples = 405 by l::open_samples_case::guards::other_samples_reject,
    SamplesAgree = 406 by l::open_samples_case::guards::honest_leaf_rejects,
    OtherEpoch = 407 by l::open_samples_case::guards::another_epoch_rejects,
    ExhibitTooLarge = 500 by l::exhibit::guards::more_samples_than_a_leaf_may_have_reject,
    OutsideExhibit = 501 by l::exhibit::guards::bytes_outside_reject,
    OtherUploader = 502 by l::exhibit::guards::stranger_rejects,
}

fn all_reached(rows: Vec<Row>) {
    for (code, ..) in &rows {
        assert!(!reason::was_reached(code), "a fresh thread has reached nothing");
    }
    for (code, _, _, guard) in rows {
        reason::forget();
        guard();
        assert!(reason::was_reached(&code), "its guard does not reach {code:?}");
    }
}

#[test]
fn every_registry_code_is_reached() {
    all_reached(registry_codes());
}

#[test]
fn every_staking_code_is_reached() {
    all_reached(staking_codes());
}

#[test]
fn every_settlement_code_is_reached() {
    all_reached(settlement_codes());
}

#[test]
fn every_reputation_code_is_reached() {
    all_reached(reputation_codes());
}

#[test]
fn every_slashing_code_is_reached() {
    all_reached(slashing_codes());
}

/// The rows of all programs, one list for each.
fn all_codes() -> [Vec<Row>; 5] {
    [registry_codes(), staking_codes(), settlement_codes(), reputation_codes(), slashing_codes()]
}

#[test]
fn numbers_are_the_published_ones_and_unique() {
    for rows in all_codes() {
        let numbers: BTreeSet<u32> = rows.iter().map(|row| row.0.number).collect();
        assert_eq!(numbers.len(), rows.len(), "two errors with one number");
        for (code, published, ..) in &rows {
            assert_eq!(code.number, *published, "{} was renumbered", code.name);
        }
    }
}

#[test]
fn messages_are_unique_sentences() {
    for rows in all_codes() {
        let messages: BTreeSet<&String> = rows.iter().map(|row| &row.2).collect();
        assert_eq!(messages.len(), rows.len(), "two errors with one message");
        for message in messages {
            assert!(message.starts_with(char::is_uppercase), "{message}");
            assert!(!message.ends_with('.'), "{message}");
        }
    }
}
