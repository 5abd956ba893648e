use anchor_lang::error::ErrorCode;
use heliograph_client::pda;
use heliograph_staking::error::StakingError;
use heliograph_staking::seeds;
use heliograph_tests::delegators::hold_instruction;
use heliograph_tests::reason::in_staking;
use heliograph_tests::world::{PARAMS, STAKE_MIN};
use heliograph_tests::{World, Zoo, key};
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::slice::from_ref;

#[test]
fn anyone_but_the_slashing_program_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    for signer in [&key("stranger"), &node.operator, &world.authority(), &world.guardian()] {
        let hold = hold_instruction(signer.pubkey(), &node.address, 1);
        world.refuse(&[hold], &[signer], in_staking(ErrorCode::ConstraintSeeds));
    }
    let of = |seed: &[u8], program: &Pubkey| Pubkey::find_program_address(&[seed], program).0;
    for address in [of(seeds::SLASHER, &pda::STAKING), pda::jailer(), pda::stake_recorder()] {
        world.impersonate(&address);
        let hold = hold_instruction(address, &node.address, 1);
        world.refuse(&[hold], &[], in_staking(ErrorCode::ConstraintSeeds));
    }
}

#[test]
pub fn withdrawal_of_held_stake_rejects() {
    let mut world = World::new();
    let node = world.node("node");
    world.impersonate(&pda::slasher());
    world.unbond(&node, STAKE_MIN);
    world.hold(&node.address, STAKE_MIN);
    world.pass(PARAMS.unbonding_secs);
    let withdraw = world.unstake_instruction(&node);
    world.refuse(from_ref(&withdraw), &[&node.operator], StakingError::StakeHeld);
    // The hold is for this much, wherever it lies: fresh stake frees what is on its way out.
    world.stake(&node, 1);
    let twice = [withdraw.clone(), withdraw.clone()];
    world.refuse(&twice, &[&node.operator], StakingError::StakeHeld);
    world.run(&[withdraw], &[&node.operator]);
    assert_eq!(world.tokens(&node.stake_vault()), STAKE_MIN);
}

/// Who left before the verdict would leave the loss to the others.
#[test]
fn delegator_cannot_leave_while_the_pool_is_held() {
    let mut world = World::new();
    let node = world.node("node");
    let party = world.delegator("a", &node);
    world.delegate(&party, STAKE_MIN);
    world.undelegate(&party, STAKE_MIN);
    world.pass(PARAMS.unbonding_secs);
    world.impersonate(&pda::slasher());
    world.hold(&node.address, 10);
    let withdraw = world.withdraw_delegation_instruction(&party);
    world.refuse(from_ref(&withdraw), &[&party.wallet], StakingError::StakeHeld);
    world.release_hold(&node.address, 10);
    world.run(&[withdraw], &[&party.wallet]);
}

#[test]
fn every_substitute_rejects() {
    let mut zoo = Zoo::new();
    zoo.impersonate(&pda::slasher());
    let hold = hold_instruction(pda::slasher(), &zoo.node.address, 1);
    let names = ["slasher", "network", "position", "event_authority", "program"];
    // Whose stake is held is the slashing program's word.
    let meant = ["other node's", "observer's", "settler's", "other settler's"]
        .map(|whose| ("position", format!("{whose} position")));
    let meant: Vec<_> = meant.iter().map(|(place, animal)| (*place, animal.as_str())).collect();
    zoo.sweep(&[hold], &[], &names, &meant);
}
