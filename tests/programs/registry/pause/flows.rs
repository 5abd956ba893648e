use heliograph_client::instruction::registry::pause;
use heliograph_client::instruction::staking;
use heliograph_client::pda;
use heliograph_registry::events::PauseChanged;
use heliograph_registry::state::pause::{ALL, BATCHES, OBSERVATIONS, REGISTER, SESSIONS};
use heliograph_registry::state::{KeeperStatus, Network, NodeStatus};
use heliograph_tests::parties::profile;
use heliograph_tests::world::{ANSWER_SECS, PARAMS, USDC};
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
fn guardian_and_authority_pause_one_after_the_other() {
    let mut world = World::new();
    let (guardian, authority) = (world.guardian(), world.authority());
    let before: Network = world.read(&pda::network());
    let mut old_paused = 0;
    for (signer, functions) in [
        (&guardian, SESSIONS),
        (&authority, REGISTER | SESSIONS),
        (&guardian, BATCHES | OBSERVATIONS),
        (&guardian, ALL),
    ] {
        let done = world.act(pause(signer.pubkey(), functions), signer);
        let paused = old_paused | functions;
        world.holds(&pda::network(), &Network { paused, ..before.clone() });
        done.emitted(&PauseChanged { signer: signer.pubkey(), old_paused, paused });
        old_paused = paused;
    }
}

#[test]
fn nothing_that_lets_somebody_out_can_be_paused() {
    let mut zoo = Zoo::new();
    let (app, node, settler) = (zoo.app.clone(), zoo.node.clone(), zoo.settler.clone());
    let session = zoo.session;
    zoo.pause(ALL);
    // Money that is owed, and money that is not.
    zoo.pay(USDC);
    zoo.deposit(&app, USDC);
    zoo.request_withdrawal(&app, USDC);
    zoo.end_session(&app, &session);
    zoo.pass(PARAMS.withdrawal_notice_secs);
    let withdraw = zoo.withdraw_instruction(&app);
    zoo.act(withdraw, &app.authority);
    zoo.pass(ANSWER_SECS);
    zoo.close_session(&app, &session);
    // Stake.
    zoo.stake(&node, 1);
    zoo.unbond(&node, 1);
    zoo.unbond_keeper(&settler, 1);
    zoo.pass(PARAMS.unbonding_secs);
    let unstake = zoo.unstake_instruction(&node);
    zoo.act(unstake, &node.operator);
    let (owner, wallet) = (settler.owner.pubkey(), settler.stake_wallet);
    let unstake = staking::withdraw(owner, settler.address, settler.mint, wallet);
    zoo.act(unstake, &settler.owner);
    // Who is in can change what it says of itself, and leave.
    zoo.update(&node, profile());
    zoo.update_keeper(&settler, "https://moved.example");
    zoo.set_status(&node, NodeStatus::Draining);
    zoo.set_status(&node, NodeStatus::Exited);
    zoo.set_keeper_status(&settler, KeeperStatus::Exited);
    // And the network can be governed.
    zoo.propose_params(PARAMS);
    zoo.unpause(ALL);
}
