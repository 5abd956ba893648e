use heliograph_client::instruction::registry::{create_app, pause, register_node};
use heliograph_registry::error::RegistryError;
use heliograph_registry::state::KeeperRole;
use heliograph_registry::state::pause::{ALL, BATCHES, OBSERVATIONS, REGISTER, SESSIONS};
use heliograph_settlement::error::SettlementError;
use heliograph_tests::parties::profile;
use heliograph_tests::scene::CAP;
use heliograph_tests::{World, Zoo};
use solana_signer::Signer;

#[test]
pub fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let stranger = zoo.stranger.insecure_clone();
    for signer in [&stranger, &node.operator] {
        let paused = pause(signer.pubkey(), SESSIONS);
        zoo.refuse(&[paused], &[signer], RegistryError::NotGuardian);
    }
}

#[test]
pub fn functions_that_do_not_exist_reject() {
    let mut world = World::new();
    let guardian = world.guardian();
    for functions in [0, ALL + 1, 1 << 31, u32::MAX] {
        let paused = pause(guardian.pubkey(), functions);
        world.refuse(&[paused], &[&guardian], RegistryError::FunctionsInvalid);
    }
}

#[test]
pub fn paused_registrations_reject() {
    let mut world = World::new();
    let node = world.operator("node");
    let app = world.authority_of_app("app");
    let keepers =
        [KeeperRole::Observer, KeeperRole::Settler].map(|role| world.keeper_owner("keeper", role));
    world.pause(ALL & !REGISTER);
    let why = RegistryError::RegistrationsPaused;
    for paused in [true, false] {
        if paused {
            world.pause(REGISTER);
        } else {
            world.unpause(REGISTER);
        }
        let (operator, key) = (node.operator.pubkey(), node.node_key.pubkey());
        let node_in = register_node(operator, key, node.payout, profile());
        let policy = world.policy(&app.voucher_signer);
        let app_in = create_app(app.authority.pubkey(), 0, policy);
        let mut all =
            vec![(node_in, vec![&node.operator, &node.node_key]), (app_in, vec![&app.authority])];
        for keeper in &keepers {
            let register = world.register_keeper_instruction(keeper);
            all.push((register, vec![&keeper.owner, &keeper.keeper_key]));
        }
        for (instruction, signers) in all {
            if paused {
                world.refuse(&[instruction], &signers, why);
            } else {
                world.run(&[instruction], &signers);
            }
        }
    }
}

#[test]
pub fn paused_sessions_reject() {
    let mut zoo = Zoo::new();
    let (app, node, channel) = (zoo.app.clone(), zoo.node.clone(), zoo.session.channel);
    let (_, open_channel) = zoo.channel_instruction(&app, &node);
    let args = zoo.session_args(CAP);
    let (_, open_session) = zoo.session_instruction(&app, &channel, args);
    zoo.pause(SESSIONS);
    for open in [&open_channel, &open_session] {
        let why = SettlementError::SessionsPaused;
        zoo.refuse(std::slice::from_ref(open), &[&app.authority], why);
    }
    zoo.unpause(SESSIONS);
    zoo.pause(REGISTER | BATCHES | OBSERVATIONS);
    for open in [open_channel, open_session] {
        zoo.act(open, &app.authority);
    }
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let guardian = zoo.guardian();
    let names = ["signer", "network", "event_authority", "program"];
    zoo.sweep(&[pause(guardian.pubkey(), SESSIONS)], &[&guardian], &names, &[]);
}
