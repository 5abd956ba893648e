//! Thousands of random operations by apps, nodes, settlers, delegators and thieves, and the laws
//! that hold after each of them. The ledger beside it knows what every operation comes to; here it
//! is enough to know who signed what, which batch stood unchallenged, and what follows from that for
//! every token: so honest and stolen settlers, changes of parameters and slashes can come in any
//! order.
//!
//! A run is known by its seed, and as long as it is told:
//! `HELIOGRAPH_TEST_SEED=7 HELIOGRAPH_TEST_STEPS=20000 cargo test -p heliograph-tests market`. One
//! that fails prints its seed and the operations before the failure.

mod apps;
mod laws;
mod settlers;
mod stakes;
mod thieves;
mod truth;

use heliograph_registry::state::NetworkParams;
use heliograph_tests::batches::Batch;
use heliograph_tests::random::Random;
use heliograph_tests::world::{PARAMS, SETTLER_BOND_MIN, STAKE_MIN, USDC, World};
use heliograph_tests::{AppParty, DelegatorParty, KeeperParty, NodeParty, key};
use solana_instruction::Instruction;
use solana_keypair::Keypair;
use solana_pubkey::Pubkey;
use solana_signer::Signer;
use std::collections::BTreeMap;
use truth::{BatchTruth, ChallengeTruth, Earned, Permit, SessionTruth};

/// Operations of one run, where the environment's `HELIOGRAPH_TEST_STEPS` does not say.
const STEPS: usize = 2_000;
/// Operations printed when one fails.
const PRINTED: usize = 40;
const APPS: usize = 3;
const NODES: usize = 3;
const SETTLERS: usize = 3;
/// The settler whose key a thief has.
const STOLEN: usize = SETTLERS - 1;

/// Short durations, so that everything runs out many times in one run.
const SHORT: NetworkParams = NetworkParams {
    operator_bps: 7_321,
    settler_bps: 567,
    redeem_grace_secs: 600,
    withdrawal_notice_secs: 900,
    unbonding_secs: 3_000,
    timelock_secs: 900,
    challenge_window_secs: 120,
    challenge_response_secs: 240,
    dispute_secs: 300,
    case_window_secs: 120,
    epoch_secs: 60,
    challenge_bond_micro_usdc: USDC,
    batch_total_max_micro_usdc: 40 * USDC,
    session_secs_max: 7_200,
    ..PARAMS
};
/// What the authority changes to and back again.
const OTHER: NetworkParams = NetworkParams {
    operator_bps: 6_000,
    settler_bps: 1_001,
    challenge_window_secs: 60,
    challenge_response_secs: 120,
    dispute_secs: 900,
    challenge_bond_micro_usdc: 2 * USDC,
    batch_total_max_micro_usdc: 7 * USDC,
    ..SHORT
};

/// The chain, who acts on it, and what is known of it without asking it.
struct Market {
    world: World,
    apps: Vec<AppParty>,
    nodes: Vec<NodeParty>,
    settlers: Vec<KeeperParty>,
    delegators: Vec<DelegatorParty>,
    funder: Keypair,
    watcher: Keypair,
    thief: Keypair,
    params: NetworkParams,
    channels: Vec<(usize, usize, Pubkey)>,
    sessions: Vec<SessionTruth>,
    batches: Vec<BatchTruth>,
    challenges: Vec<ChallengeTruth>,
    earned: Earned,
    /// What the last operation may have paid.
    permit: Permit,
    /// Operations that succeeded, for those who try them again.
    done: Vec<(Vec<Instruction>, Vec<Pubkey>)>,
    /// All operations, as they read.
    history: Vec<String>,
    /// Whether the slashing program's part is played; no signature is verified then.
    verdicts: bool,
    random: Random,
}

impl Market {
    fn new(random: Random, verdicts: bool) -> Self {
        let mut world = World::with_params(SHORT);
        let nodes: Vec<_> = (0..NODES).map(|i| world.node(&format!("node {i}"))).collect();
        for node in &nodes {
            world.stake(node, 5 * STAKE_MIN);
        }
        let apps: Vec<_> =
            (0..APPS).map(|i| world.funded_app(&format!("app {i}"), 20 * USDC)).collect();
        let settlers = (0..SETTLERS)
            .map(|i| world.settler(&format!("settler {i}"), 2 * SETTLER_BOND_MIN))
            .collect();
        let delegators =
            (0..2 * NODES).map(|i| world.delegator(&format!("{i}"), &nodes[i % NODES])).collect();
        let mut funder = key("funder");
        for node in &nodes {
            funder = world.funder(node);
        }
        let (watcher, thief) = (world.wallet("watcher"), world.wallet("thief"));
        let (payment, stake) = (world.payment_mint, world.stake_mint);
        world.mint_to(&watcher.pubkey(), &payment, 10_000 * USDC);
        for mint in [payment, stake] {
            world.create_tokens(&thief.pubkey(), &mint);
        }
        let mut channels = Vec::new();
        for (a, app) in apps.iter().enumerate() {
            for (n, node) in nodes.iter().enumerate() {
                channels.push((a, n, world.open_channel(app, node)));
            }
        }
        let mut market = Self {
            world,
            apps,
            nodes,
            settlers,
            delegators,
            funder,
            watcher,
            thief,
            params: SHORT,
            channels,
            sessions: Vec::new(),
            batches: Vec::new(),
            challenges: Vec::new(),
            earned: Earned::new(NODES, SETTLERS),
            permit: Permit::Nothing,
            done: Vec::new(),
            history: Vec::new(),
            verdicts,
            random,
        };
        if verdicts {
            market.impersonate_slashing();
        }
        market.earned.begin(&mut market.world);
        market
    }

    /// One random operation: its name, and whether it succeeded.
    fn step(&mut self) -> (&'static str, bool) {
        self.permit = Permit::Nothing;
        match self.random.below(100) {
            0..5 => ("deposit", self.deposit()),
            5..8 => ("withdrawal", self.withdrawal()),
            8..20 => ("open session", self.open_session()),
            20..22 => ("end session", self.end_session()),
            22..25 => ("close session", self.close_session()),
            25..35 => ("redeem", self.redeem()),
            35..38 => ("prove voucher", self.prove()),
            38..50 => ("post", self.post()),
            50..66 => ("claim", self.claim()),
            66..69 => ("challenge", self.challenge()),
            69..73 => ("answer", self.answer()),
            73..76 => ("fail", self.fail()),
            76..77 => ("close challenge", self.close_challenge()),
            77..78 => ("release", self.release()),
            78..80 => ("bond", self.bond()),
            80..82 => ("delegate", self.delegate()),
            82..84 => ("undelegate", self.undelegate()),
            84..86 => ("withdraw delegation", self.withdraw_delegation()),
            86..88 => ("reward", self.reward()),
            88..89 => ("change parameters", self.change_params()),
            89..90 if self.verdicts => ("slash", self.slash()),
            90..91 if self.verdicts => ("restore", self.restore()),
            91..93 => ("steal by replay", self.replay()),
            93..95 => ("steal by substitution", self.substitute()),
            95..96 => ("steal by signature", self.impostor()),
            _ => ("let time pass", self.let_time_pass()),
        }
    }

    /// Sends an operation that may be refused, with a number that says why; remembers it if not.
    fn send(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> bool {
        match self.world.attempt(instructions, signers) {
            Ok(_) => {
                let signers = signers.iter().map(|signer| signer.pubkey()).collect();
                self.done.push((instructions.to_vec(), signers));
                true
            }
            Err(refused) => {
                assert!(refused.number().is_some(), "a refusal has a name: {refused}");
                false
            }
        }
    }

    /// Sends an operation that must succeed.
    fn must(&mut self, instructions: &[Instruction], signers: &[&Keypair]) -> bool {
        self.world.run(instructions, signers);
        let signers = signers.iter().map(|signer| signer.pubkey()).collect();
        self.done.push((instructions.to_vec(), signers));
        true
    }

    fn let_time_pass(&mut self) -> bool {
        let most = if self.random.one_in(25) { 2_500 } else { 60 };
        let secs = self.random.below(most) as u32;
        self.world.pass(secs);
        true
    }
}

impl Drop for Market {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let from = self.history.len().saturating_sub(PRINTED);
            println!("the operations before it:\n{}", self.history[from..].join("\n"));
        }
    }
}

fn run(default_seed: u64, verdicts: bool) {
    let steps = std::env::var("HELIOGRAPH_TEST_STEPS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(STEPS);
    let mut market = Market::new(Random::from_environment(default_seed), verdicts);
    // How often each kind of operation succeeded and was refused.
    let mut tally: BTreeMap<&'static str, (u32, u32)> = BTreeMap::new();
    for step in 0..steps {
        market.history.push(format!("{step} at {}:", market.world.now()));
        let (name, succeeded) = market.step();
        let result = if succeeded { "succeeded" } else { "was refused" };
        market.note(&format!("{name} {result}"));
        let counts = tally.entry(name).or_default();
        if succeeded {
            counts.0 += 1;
        } else {
            counts.1 += 1;
        }
        market.check();
    }
    println!("operation: succeeded, refused\n{tally:#?}");
    // A run that never gets anywhere would prove nothing.
    if steps >= STEPS {
        for (name, (succeeded, _)) in tally {
            assert!(name.starts_with("steal") || succeeded > 0, "{name} never succeeded");
        }
        let claimed: u64 = market.batches.iter().map(|batch| batch.paid).sum();
        assert!(claimed > 0, "no batch ever paid");
    }
}

#[test]
fn random_operations_of_one_seed_keep_the_laws() {
    run(1, false);
}

#[test]
fn random_operations_with_verdicts_keep_the_laws() {
    run(2, true);
}
