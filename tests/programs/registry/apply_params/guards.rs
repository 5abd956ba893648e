use anchor_lang::AccountSerialize;
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::registry::{apply_params, propose_params};
use heliograph_client::pda;
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::ParamsChange;
use heliograph_tests::reason::in_registry;
use heliograph_tests::world::PARAMS;
use heliograph_tests::{World, Zoo, key};
use solana_signer::Signer;

#[test]
pub fn timelock_not_over_rejects() {
    let mut world = World::new();
    world.propose_params(PARAMS);
    let apply = world.apply_params_instruction();
    let authority = world.authority();
    for secs in [0, PARAMS.timelock_secs - 1] {
        world.pass(secs);
        // The authority cannot hurry it either.
        let apply = apply.clone();
        world.refuse(&[apply], &[&authority], RegistryError::TimelockRunning);
    }
    world.pass(1);
    world.run(&[apply], &[]);
}

#[test]
fn nothing_proposed_rejects() {
    let mut world = World::new();
    let apply = world.apply_params_instruction();
    world.refuse(&[apply], &[], in_registry(ErrorCode::AccountNotInitialized));
}

#[test]
fn proposal_applied_already_rejects() {
    let mut world = World::new();
    world.propose_params(PARAMS);
    world.pass(PARAMS.timelock_secs);
    let apply = world.apply_params_instruction();
    world.run(std::slice::from_ref(&apply), &[]);
    world.refuse(&[apply], &[], in_registry(ErrorCode::AccountNotInitialized));
}

#[test]
pub fn another_treasury_rejects() {
    let mut world = World::new();
    let mint = world.payment_mint;
    world.propose_params(PARAMS);
    world.pass(PARAMS.timelock_secs);
    let thief = world.create_tokens(&key("thief").pubkey(), &mint);
    let apply = apply_params(thief, world.authority().pubkey());
    world.refuse(&[apply], &[], RegistryError::OtherTreasury);
}

#[test]
fn treasury_that_was_closed_meanwhile_rejects() {
    let mut world = World::new();
    let (authority, mint, owner) =
        (world.authority(), world.payment_mint, world.wallet("next owner"));
    let treasury = world.create_tokens(&owner.pubkey(), &mint);
    let propose = propose_params(authority.pubkey(), treasury, PARAMS);
    world.act(propose, &authority);
    world.pass(PARAMS.timelock_secs);
    let close = spl_token_interface::instruction::close_account(
        &spl_token_interface::ID,
        &treasury,
        &owner.pubkey(),
        &owner.pubkey(),
        &[],
    );
    world.act(close.expect("a valid instruction"), &owner);
    let apply = apply_params(treasury, authority.pubkey());
    let why = in_registry(ErrorCode::AccountNotInitialized);
    world.refuse(std::slice::from_ref(&apply), &[], why);
    world.create_tokens(&owner.pubkey(), &mint);
    world.run(&[apply], &[]);
}

#[test]
fn parameters_no_longer_accepted_reject() {
    // The program was upgraded while they waited, and is stricter now: as if they had never been
    // acceptable.
    let mut world = World::new();
    world.propose_params(PARAMS);
    world.pass(PARAMS.timelock_secs);
    let address = pda::params_change();
    let mut change: ParamsChange = world.read(&address);
    change.params.dispute_secs = 0;
    let mut account = world.account(&address).expect("proposed above");
    account.data.clear();
    change.try_serialize(&mut account.data).expect("accounts serialise into a Vec");
    world.set_account(&address, account);
    let apply = world.apply_params_instruction();
    world.refuse(&[apply], &[], RegistryError::DurationZero);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    zoo.propose_params(PARAMS);
    zoo.pass(PARAMS.timelock_secs);
    let apply = zoo.apply_params_instruction();
    let names =
        ["network", "params_change", "treasury", "rent_payer", "event_authority", "program"];
    zoo.sweep(&[apply], &[], &names, &[]);
}
