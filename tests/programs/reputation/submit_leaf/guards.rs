use crate::reputation::zoo::Observatory;
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::reputation::{ProvedLeaf, submit_leaf};
use heliograph_client::pda;
use heliograph_protocol::reputation::Phase;
use heliograph_registry::state::KeeperStatus;
use heliograph_reputation::error::ReputationError;
use heliograph_reputation::state::{Epoch, Figures};
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel, Report};
use heliograph_tests::reason::in_reputation;
use heliograph_tests::{Reason, World};
use solana_signer::Signer;

/// A panel in the time to show leaves, and what its two observers saw.
fn ready() -> (Panel, Vec<Report>) {
    let mut panel = Panel::new(2);
    let reports = panel.post_all(&[GOOD, Figures { rtt_p95_us: 50_000, ..GOOD }]);
    panel.enter_phase(Phase::Submitting);
    (panel, reports)
}

fn refuse(world: &mut World, leaf: ProvedLeaf, why: impl Into<Reason>) {
    let crank = world.crank();
    world.refuse(&[submit_leaf(crank.pubkey(), leaf)], &[&crank], why);
}

#[test]
pub fn early_and_late_leaves_reject() {
    let (mut panel, reports) = ready();
    for secs in [-1, EPOCH_SECS as i64, 1_000 * EPOCH_SECS as i64] {
        panel.enter_phase(Phase::Submitting);
        panel.pass(secs);
        refuse(&mut panel, reports[0].proved(1), ReputationError::NotSubmitting);
    }
    panel.enter_phase(Phase::Submitting);
    panel.show(reports[0].proved(1));
}

#[test]
pub fn forged_leaf_rejects() {
    let (mut panel, reports) = ready();
    let good = reports[0].proved(1);
    let forged: [fn(&mut ProvedLeaf); 13] = [
        |l| l.figures.samples += 1,
        |l| l.figures.availability_ppm -= 1,
        |l| l.figures.rtt_p95_us -= 1,
        |l| l.figures.jitter_p95_us -= 1,
        |l| l.figures.loss_ppm -= 1,
        |l| l.figures.setup_p95_us -= 1,
        |l| l.figures.wer_ppm -= 1,
        |l| l.samples_root[31] ^= 1,
        |l| l.index = 0,
        |l| l.index = 3,
        |l| l.index = u32::MAX,
        |l| l.proof.truncate(1),
        |l| l.proof[0][0] ^= 1,
    ];
    for forge in forged {
        let mut leaf = good.clone();
        forge(&mut leaf);
        refuse(&mut panel, leaf, ReputationError::ProofInvalid);
    }
    panel.show(good);
}

/// A leaf under the root, but about another node; shown as one about this node.
#[test]
fn leaf_of_another_node_rejects() {
    let (mut panel, reports) = ready();
    for index in [0, 2] {
        let node = panel.node.address;
        let leaf = ProvedLeaf { node, ..reports[0].proved(index) };
        refuse(&mut panel, leaf, ReputationError::ProofInvalid);
    }
    // As what it is, it has no tally: nobody has registered such a node.
    refuse(&mut panel, reports[0].proved(0), in_reputation(ErrorCode::AccountNotInitialized));
}

/// A leaf of this epoch under the root of the next.
#[test]
fn leaf_of_another_epoch_rejects() {
    let mut panel = Panel::new(1);
    let old = panel.report(0, GOOD);
    panel.epoch += EPOCH_SECS;
    let epoch = panel.epoch;
    panel.enter_phase(Phase::Posting);
    let observer = panel.observers.remove(0);
    panel.post_root(&observer, old_root(&old, epoch));
    panel.enter_phase(Phase::Submitting);
    let leaf = ProvedLeaf { epoch, ..old.proved(1) };
    refuse(&mut panel, leaf, ReputationError::ProofInvalid);
}

fn old_root(old: &Report, epoch: u64) -> heliograph_client::instruction::reputation::Root {
    heliograph_client::instruction::reputation::Root { epoch, ..old.root() }
}

/// An observer that posts another's root has nothing to show: the leaves name the other.
#[test]
fn copied_root_is_of_no_use() {
    let mut panel = Panel::new(2);
    let report = panel.report(0, GOOD);
    panel.enter_phase(Phase::Posting);
    let copier = panel.observers.remove(1);
    panel.post_root(&copier, report.root());
    panel.enter_phase(Phase::Submitting);
    let leaf = ProvedLeaf { observer: copier.address, ..report.proved(1) };
    refuse(&mut panel, leaf, ReputationError::ProofInvalid);
}

#[test]
pub fn observers_leaf_twice_rejects() {
    let (mut panel, reports) = ready();
    panel.show(reports[0].proved(1));
    refuse(&mut panel, reports[0].proved(1), ReputationError::LeafTwice);
    panel.show(reports[1].proved(1));
    refuse(&mut panel, reports[0].proved(1), ReputationError::LeafTwice);
}

/// Two leaves of one node under one root: one of them counts.
#[test]
fn second_leaf_of_the_same_node_rejects() {
    let mut panel = Panel::new(1);
    panel.enter_phase(Phase::Posting);
    let observer = panel.observers.remove(0);
    let node = panel.node.address;
    let seen = [(node, GOOD), (node, Figures { availability_ppm: 0, ..GOOD })];
    let report = Report::new(observer.address, panel.epoch, &seen);
    panel.post_root(&observer, report.root());
    panel.enter_phase(Phase::Submitting);
    panel.show(report.proved(1));
    refuse(&mut panel, report.proved(0), ReputationError::LeafTwice);
}

#[test]
pub fn figures_no_probes_could_give_reject() {
    let mut panel = Panel::new(3);
    let impossible = [
        Figures { samples: 0, ..GOOD },
        Figures { availability_ppm: 1_000_001, ..GOOD },
        Figures { loss_ppm: 1_000_001, ..GOOD },
    ];
    let reports = panel.post_all(&impossible);
    panel.enter_phase(Phase::Submitting);
    for report in &reports {
        refuse(&mut panel, report.proved(1), ReputationError::FiguresInvalid);
    }
}

#[test]
fn observer_jailed_or_unstaked_since_it_posted_rejects() {
    let why = ReputationError::ObserverNotActive;
    let (mut panel, reports) = ready();
    let observer = panel.observers.remove(0);
    let leaf = reports[0].proved(1);
    let mut jailed = panel.clone();
    jailed.impersonate(&pda::jailer());
    jailed.jail(&observer.address, i64::MAX);
    refuse(&mut jailed, leaf.clone(), why);
    panel.unbond_keeper(&observer, 1);
    refuse(&mut panel, leaf.clone(), why);
    panel.bond(&observer, 1);
    panel.set_keeper_status(&observer, KeeperStatus::Active);
    panel.show(leaf);
}

#[test]
pub fn observation_of_another_observer_or_epoch_rejects() {
    let all = Observatory::posted();
    let mut zoo = all.zoo;
    let [first, second] = [0, 1].map(|n: usize| all.observers[n].address);
    let report = Report::new(first, all.epoch, &[(zoo.node.address, GOOD)]);
    let crank = zoo.crank();
    for other in [pda::observation(&second, all.epoch), pda::observation(&first, all.other_epoch)] {
        let mut show = submit_leaf(crank.pubkey(), report.proved(0));
        show.accounts[5].pubkey = other;
        zoo.refuse(&[show], &[&crank], ReputationError::OtherObservation);
    }
}

/// Accounts of an epoch are counted in 32 bits.
#[test]
pub fn overflowing_count_rejects() {
    let (mut panel, reports) = ready();
    let mut epoch: Epoch = panel.read(&panel.epoch_account());
    epoch.accounts_open = u32::MAX;
    let mut account = panel.account(&panel.epoch_account()).expect("an epoch");
    let mut bytes = Vec::new();
    anchor_lang::AccountSerialize::try_serialize(&epoch, &mut bytes).expect("an epoch");
    account.data[..bytes.len()].copy_from_slice(&bytes);
    let address = panel.epoch_account();
    panel.set_account(&address, account);
    refuse(&mut panel, reports[0].proved(1), ReputationError::Overflow);
}

#[test]
fn every_substitute_but_another_payer_rejects() {
    let mut all = Observatory::posted();
    let report = all.reports(all.epoch).remove(0);
    let crank = all.zoo.crank();
    let show = submit_leaf(crank.pubkey(), report.proved(0));
    let names = [
        "payer",
        "network",
        "keeper",
        "node",
        "epoch",
        "observation",
        "tally",
        "system program",
        "event_authority",
        "program",
    ];
    all.sweep(show, &[&crank], &names, &[("payer", "stranger 0")]);
}
