//! Histories of one slot, where a node may list transactions in any order.

use super::Replay;
use anchor_lang::event::EVENT_IX_TAG_LE;
use anchor_lang::{Event, InstructionData};
use heliograph_client::pda;
use heliograph_client::rpc::{Instruction, Transaction};
use heliograph_migrations::Params;
use heliograph_registry::events::{ParamsCancelled, ParamsProposed};
use heliograph_registry::instruction as ix;
use heliograph_registry::state::{Network, NetworkParams, ParamsChange};
use solana_pubkey::Pubkey;
use solana_signature::Signature;

const NOW: i64 = 1_800_000_000;
const AUTHORITY: Pubkey = Pubkey::new_from_array([1; 32]);
const TREASURY: Pubkey = Pubkey::new_from_array([2; 32]);
fn params() -> NetworkParams {
    Params::default().to_network(9).expect("defaults")
}

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
        params: params(),
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
        available_at: NOW + i64::from(self::params().timelock_secs),
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
    let first = NetworkParams { operator_bps: 1, ..self::params() };
    let second = NetworkParams { operator_bps: 2, ..self::params() };
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
