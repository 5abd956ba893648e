use anchor_lang::error::ErrorCode;
use anchor_lang::{InstructionData, ToAccountMetas};
use heliograph_client::pda;
use heliograph_registry::{accounts, instruction};
use heliograph_tests::reason::in_registry;
use heliograph_tests::{NodeParty, World, key};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// `record_stake` called directly, by `recorder`.
fn record(node: &NodeParty, recorder: Pubkey, bonded: u64) -> Instruction {
    let accounts = accounts::RecordStake {
        stake_recorder: recorder,
        network: pda::network(),
        subject: node.address,
        event_authority: pda::event_authority(&pda::REGISTRY),
        program: pda::REGISTRY,
    };
    Instruction {
        program_id: pda::REGISTRY,
        accounts: accounts.to_account_metas(None),
        data: instruction::RecordStake { bonded }.data(),
    }
}

#[test]
fn recorder_that_does_not_sign_rejects() {
    // The recorder is an address without a key: outside the staking program nobody signs for it.
    let mut world = World::new();
    let node = world.registered("node");
    let mut direct = record(&node, pda::stake_recorder(), u64::MAX);
    direct.accounts[0].is_signer = false;
    world.refuse(&[direct], &[], in_registry(ErrorCode::AccountNotSigner));
}

#[test]
fn key_in_the_recorders_place_rejects() {
    let mut world = World::new();
    let node = world.registered("node");
    for signer in [&key("stranger"), &node.operator, &node.node_key, &world.authority()] {
        let direct = record(&node, signer.pubkey(), u64::MAX);
        world.refuse(&[direct], &[signer], in_registry(ErrorCode::ConstraintSeeds));
    }
}

#[test]
fn staking_program_the_network_does_not_name_rejects() {
    // Staking's own bytecode, on a network that names another staking program: a position cannot
    // be opened there. What is left is one opened before; the account is put in place by hand.
    let mut named = World::new();
    let node = named.registered("node");
    named.open_position(&node);
    let mut world = World::bare();
    let staking_program = key("another staking program").pubkey();
    let args =
        heliograph_registry::InitializeNetworkArgs { staking_program, ..world.network_args() };
    world.initialize(args);
    let node = world.registered("node");
    for address in [node.position(), node.stake_vault()] {
        let account = named.account(&address).expect("opened above");
        world.set_account(&address, account);
    }
    let deposit = world.stake_instruction(&node, 1);
    let why = in_registry(ErrorCode::ConstraintSeeds);
    world.refuse(&[deposit], &[&node.operator], why);
}
