//! Histories of one slot, where a node may list transactions in any order.

use super::Replay;
use anchor_lang::event::EVENT_IX_TAG_LE;
use anchor_lang::{Event, InstructionData};
use heliograph_client::pda;
use heliograph_client::rpc::{Instruction, Transaction};
use heliograph_registry::events::{ParamsCancelled, ParamsProposed};
use heliograph_registry::instruction as ix;
use heliograph_registry::state::{Network, NetworkParams, ParamsChange};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

const NOW: i64 = 1_800_000_000;
const AUTHORITY: Pubkey = Pubkey::new_from_array([1; 32]);
const TREASURY: Pubkey = Pubkey::new_from_array([2; 32]);
const PARAMS: NetworkParams = NetworkParams {
    operator_bps: 7_500,
    settler_bps: 500,
    voucher_grace_secs: 60,
    redeem_grace_secs: 3_600,
    withdrawal_notice_secs: 7_200,
    unbonding_secs: 604_800,
    session_secs_max: 86_400,
    node_stake_min: 1,
    timelock_secs: 10_800,
    observer_stake_min: 1,
    settler_bond_min_micro_usdc: 1,
    challenge_window_secs: 600,
    challenge_response_secs: 1_800,
    dispute_secs: 86_400,
    challenge_bond_micro_usdc: 1,
    batch_total_max_micro_usdc: 1,
    epoch_secs: 3_600,
    observer_quorum: 3,
    case_window_secs: 1_800,
    case_bond_lamports: 1,
    equivocation_slash_bps: 5_000,
    challenge_slash_bps: 2_000,
    downtime_slash_bps: 100,
    observer_fraud_slash_bps: 2_000,
    downtime_epochs: 12,
    downtime_window_epochs: 24,
    score_min_ppm: 500_000,
    jail_secs: 604_800,
    reporter_bps: 1_000,
    victim_bps: 4_000,
    channel_bond_min_micro_usdc: 0,
};

fn network() -> Network {
    Network {
        version: Network::VERSION,
        bump: 0,
        authority: AUTHORITY,
        pending_authority: Pubkey::default(),
        guardian: Pubkey::default(),
        paused: 0,
        domain_id: [3; 32],
        payment_mint: Pubkey::default(),
        stake_mint: Pubkey::default(),
        treasury: TREASURY,
        staking_program: pda::STAKING,
        settlement_program: pda::SETTLEMENT,
        slashing_program: pda::SLASHING,
        reputation_program: pda::REPUTATION,
        params: PARAMS,
        reserved: [0; 256],
    }
}

/// A transaction of one call of the registry, which emits one event.
fn call(number: u8, accounts: Vec<Pubkey>, data: Vec<u8>, event: &[u8]) -> Transaction {
    let instruction = |accounts, data, stack_height| Instruction {
        program_id: pda::REGISTRY,
        accounts,
        data,
        stack_height,
        inner: Vec::new(),
    };
    let emitted = instruction(Vec::new(), [EVENT_IX_TAG_LE, event].concat(), 2);
    Transaction {
        signature: Signature::from([number; 64]),
        slot: 7,
        block_time: Some(NOW),
        err: None,
        account_keys: Vec::new(),
        instructions: vec![Instruction { inner: vec![emitted], ..instruction(accounts, data, 1) }],
        pre_token_balances: Vec::new(),
        post_token_balances: Vec::new(),
        log_messages: Vec::new(),
        compute_units_consumed: None,
    }
}

fn propose(number: u8, params: NetworkParams) -> Transaction {
    let accounts = vec![AUTHORITY, pda::network(), pda::params_change(), TREASURY];
    let event = ParamsProposed {
        params,
        treasury: TREASURY,
        proposed_at: NOW,
        available_at: NOW + i64::from(PARAMS.timelock_secs),
    };
    call(number, accounts, ix::ProposeParams { params }.data(), &event.data())
}

fn cancel(number: u8, params: NetworkParams) -> Transaction {
    let accounts = vec![AUTHORITY, pda::network(), pda::params_change(), AUTHORITY];
    let event = ParamsCancelled { proposed_at: NOW, params, treasury: TREASURY };
    call(number, accounts, ix::CancelParams {}.data(), &event.data())
}

#[test]
fn parameters_cancelled_and_proposed_anew_in_one_slot_are_told_apart() {
    let first = NetworkParams { operator_bps: 1, ..PARAMS };
    let second = NetworkParams { operator_bps: 2, ..PARAMS };
    let done = [propose(1, first), cancel(2, first), propose(3, second)];
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut replay = Replay::new(0);
        replay.world.create(pda::network(), &network());
        replay.carry_out(&order.map(|index| done[index].clone()));
        assert!(replay.findings.is_empty(), "{order:?}: {:?}", replay.findings);
        let change: ParamsChange = replay.world.get(&pda::params_change()).expect("a proposal");
        assert_eq!(change.params, second, "{order:?}");
    }
}
