//! Thousands of random operations against a model that knows the rules from the documents, not
//! from the programs: the model says what every operation must come to, and after every operation
//! all accounts are what the model says.
//!
//! A run is known by its seed: `HELIOGRAPH_TEST_SEED=7 cargo test -p heliograph-tests ledger`.

mod books;
mod check;
mod deeds;
mod model;

use heliograph_registry::state::NetworkParams;
use heliograph_tests::random::Random;
use heliograph_tests::world::{PARAMS, World};
use heliograph_tests::{AppParty, NodeParty};
use model::Model;
use std::collections::BTreeMap;

/// Operations of one run.
const STEPS: usize = 2_500;
const APPS: usize = 3;
const NODES: usize = 3;

/// Short durations, so that sessions, notices and cooldowns all run out many times in one run.
const SHORT: NetworkParams = NetworkParams {
    operator_bps: 7_321,
    settler_bps: 500,
    redeem_grace_secs: 600,
    withdrawal_notice_secs: 900,
    unbonding_secs: 1_800,
    challenge_window_secs: 120,
    challenge_response_secs: 240,
    dispute_secs: 300,
    session_secs_max: 3_600,
    epoch_secs: 60,
    case_window_secs: 100,
    ..PARAMS
};

/// The chain, who acts on it, and what it should hold.
struct Play {
    world: World,
    apps: Vec<AppParty>,
    nodes: Vec<NodeParty>,
    model: Model,
    random: Random,
}

impl Play {
    fn new(random: Random) -> Self {
        let mut world = World::with_params(SHORT);
        let nodes: Vec<_> = (0..NODES).map(|i| world.node(&format!("node {i}"))).collect();
        let apps: Vec<_> = (0..APPS)
            .map(|i| {
                let app = world.app(&format!("app {i}"));
                world.open_escrow(&app);
                app
            })
            .collect();
        let model = Model::new(&world, APPS, NODES);
        Self { world, apps, nodes, model, random }
    }
}

fn run(default_seed: u64) {
    let mut play = Play::new(Random::from_environment(default_seed));
    // How often each kind of operation succeeded and was refused.
    let mut tally: BTreeMap<&'static str, (u32, u32)> = BTreeMap::new();
    for step in 0..STEPS {
        let (name, succeeded) = play.step();
        let counts = tally.entry(name).or_default();
        if succeeded {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
        play.check(step, name);
    }
    println!("operation: succeeded, refused\n{tally:#?}");
    // A run that never gets anywhere would prove nothing.
    for (name, (succeeded, refused)) in tally {
        let thievish = name.starts_with("steal");
        assert!(thievish || succeeded > 0, "{name} never succeeded");
        assert!(!thievish || (refused > 0 && succeeded == 0), "{name}: {succeeded} succeeded");
    }
    assert!(play.model.paid_micro_usdc() > 0, "nothing was ever paid");
}

#[test]
fn random_operations_of_one_seed_keep_the_books() {
    run(1);
}

#[test]
fn random_operations_of_another_seed_keep_the_books() {
    run(0x6865_6c69_6f67_7261);
}
