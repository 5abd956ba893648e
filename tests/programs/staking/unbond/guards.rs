use heliograph_client::instruction::staking::unbond;
use heliograph_staking::error::StakingError;
use heliograph_staking::state::UNBONDING_SLOTS;
use heliograph_tests::world::STAKE_MIN;
use heliograph_tests::{Scene, Zoo};
use solana_signer::Signer;

fn refused(scene: &mut Scene, amount: u64, why: StakingError) {
    let node = scene.node.clone();
    let unbond = unbond(node.operator.pubkey(), node.address, amount);
    scene.refuse(&[unbond], &[&node.operator], why);
}

#[test]
fn zero_rejects() {
    refused(&mut Scene::new(), 0, StakingError::AmountZero);
}

#[test]
pub fn more_than_is_bonded_rejects() {
    let mut scene = Scene::new();
    for amount in [STAKE_MIN + 1, u64::MAX] {
        refused(&mut scene, amount, StakingError::AmountAboveBonded);
    }
    let node = scene.node.clone();
    scene.unbond(&node, STAKE_MIN);
    refused(&mut scene, 1, StakingError::AmountAboveBonded);
}

#[test]
pub fn ninth_unbonding_at_once_rejects() {
    let mut scene = Scene::new();
    let node = scene.node.clone();
    for _ in 0..UNBONDING_SLOTS {
        scene.unbond(&node, 1);
    }
    refused(&mut scene, 1, StakingError::UnbondingSlotsFull);
}

#[test]
fn stranger_rejects() {
    let mut zoo = Zoo::new();
    let stranger = zoo.stranger.insecure_clone();
    let unbond = unbond(stranger.pubkey(), zoo.node.address, 1);
    zoo.refuse(&[unbond], &[&stranger], StakingError::NotOwner);
}

#[test]
fn other_node_rejects() {
    // An operator who lowers another node's recorded stake would put it out of service.
    let mut zoo = Zoo::new();
    let node = zoo.node.clone();
    let mut unbond = unbond(node.operator.pubkey(), node.address, 1);
    unbond.accounts[2].pubkey = zoo.other_node.address;
    zoo.refuse(&[unbond], &[&node.operator], StakingError::OtherSubject);
}

#[test]
fn every_substitute_rejects() {
    let zoo = Zoo::new();
    let unbond = unbond(zoo.node.operator.pubkey(), zoo.node.address, 1);
    let names = [
        "owner",
        "network",
        "subject",
        "position",
        "recorder.stake_recorder",
        "recorder.registry_event_authority",
        "recorder.registry_program",
        "event_authority",
        "program",
    ];
    zoo.sweep(&[unbond], &[&zoo.node.operator], &names, &[]);
}
