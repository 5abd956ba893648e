use crate::slashing::opening_names;
use crate::slashing::trials::claimed;
use anchor_lang::error::ErrorCode;
use heliograph_client::instruction::reputation::ProvedLeaf;
use heliograph_client::instruction::slashing::{close_exhibit, open_exhibit, write_exhibit};
use heliograph_client::pda;
use heliograph_protocol::sample::{SAMPLE_LEN, Sample, to_bytes};
use heliograph_reputation::state::Figures;
use heliograph_slashing::error::SlashingError;
use heliograph_tests::observers::{EPOCH_SECS, GOOD, PROBE, Panel, Report, figures, probes};
use heliograph_tests::reason::in_slashing;
use heliograph_tests::{Reason, World, Zoo};
use solana_keypair::Keypair;
use solana_signer::Signer;
use std::slice::from_ref;

/// A lie of the first observer about the node, its samples on chain, and who brought them.
fn ready() -> (Panel, Vec<Report>, Keypair) {
    let samples = probes(60);
    let (mut panel, reports) = claimed(&samples, Figures { availability_ppm: 0, ..GOOD });
    let reporter = panel.wallet("reporter");
    panel.bring(&reporter, &samples);
    (panel, reports, reporter)
}

fn refused(world: &mut World, reporter: &Keypair, leaf: &ProvedLeaf, why: impl Into<Reason>) {
    let open = world.samples_case_instruction(&reporter.pubkey(), leaf);
    world.refuse(&[open], &[reporter], why);
}

#[test]
pub fn honest_leaf_rejects() {
    let samples = probes(60);
    let (mut panel, reports) = claimed(&samples, figures(&samples));
    let reporter = panel.wallet("reporter");
    panel.bring(&reporter, &samples);
    for report in &reports {
        refused(&mut panel, &reporter, &report.proved(1), SlashingError::SamplesAgree);
    }
}

#[test]
pub fn leaf_that_was_not_posted_rejects() {
    let (mut panel, reports, reporter) = ready();
    let lie = reports[0].proved(1);
    let forged: [fn(&mut ProvedLeaf); 12] = [
        |l| l.figures.samples += 1,
        |l| l.figures.availability_ppm += 1,
        |l| l.figures.rtt_p95_us -= 1,
        |l| l.figures.jitter_p95_us -= 1,
        |l| l.figures.loss_ppm += 1,
        |l| l.figures.setup_p95_us -= 1,
        |l| l.figures.wer_ppm -= 1,
        |l| l.node = pda::network(),
        |l| l.index = 0,
        |l| l.index = u32::MAX,
        |l| l.proof.truncate(1),
        |l| l.proof[0][0] ^= 1,
    ];
    for forge in forged {
        let mut leaf = lie.clone();
        forge(&mut leaf);
        refused(&mut panel, &reporter, &leaf, SlashingError::LeafNotPosted);
    }
    // The lie of one, held against another who has posted as well.
    let framed = ProvedLeaf { observer: panel.observers[1].address, ..lie };
    refused(&mut panel, &reporter, &framed, SlashingError::LeafNotPosted);
}

#[test]
pub fn other_samples_reject() {
    let (mut panel, reports, reporter) = ready();
    let leaf = reports[0].proved(1);
    let key = reporter.pubkey();
    // One bit of any field of any sample.
    for offset in [0, 3, SAMPLE_LEN, 30 * SAMPLE_LEN + 9, 60 * SAMPLE_LEN - 1] {
        let mut branch = World::clone(&panel);
        let altered = to_bytes(&probes(60))[offset] ^ 1;
        let write = write_exhibit(key, &leaf.samples_root, offset as u32, vec![altered]);
        branch.run(&[write], &[&reporter]);
        refused(&mut branch, &reporter, &leaf, SlashingError::OtherSamples);
    }
    // Some of them, none of them, and more than there are.
    let all = to_bytes(&probes(60));
    let tail = [all.as_slice(), &PROBE.to_bytes()].concat();
    for (count, bytes) in [(59, &all[..59 * SAMPLE_LEN]), (60, &[]), (0, &[]), (61, &tail)] {
        let mut branch = World::clone(&panel);
        branch.run(&[close_exhibit(key, &leaf.samples_root)], &[&reporter]);
        branch.run(&[open_exhibit(key, leaf.samples_root, count)], &[&reporter]);
        for (piece, offset) in bytes.chunks(800).zip((0..).step_by(800)) {
            let write = write_exhibit(key, &leaf.samples_root, offset, piece.to_vec());
            branch.run(&[write], &[&reporter]);
        }
        refused(&mut branch, &reporter, &leaf, SlashingError::OtherSamples);
    }
    let open = panel.samples_case_instruction(&key, &leaf);
    panel.run(&[open], &[&reporter]);
}

/// Whoever reads an exhibit that is being written cannot report with it first.
#[test]
fn exhibit_of_another_rejects() {
    let (mut panel, reports, reporter) = ready();
    let thief = panel.wallet("thief");
    let leaf = reports[0].proved(1);
    let mut open = panel.samples_case_instruction(&thief.pubkey(), &leaf);
    panel.refuse(from_ref(&open), &[&thief], in_slashing(ErrorCode::AccountNotInitialized));
    open.accounts[12].pubkey = pda::exhibit(&reporter.pubkey(), &leaf.samples_root);
    panel.refuse(&[open], &[&thief], SlashingError::OtherUploader);
}

/// The length of another epoch could make samples of this one late.
#[test]
pub fn another_epoch_rejects() {
    let (mut panel, reports, reporter) = ready();
    let epoch = panel.epoch + EPOCH_SECS;
    panel.enter(epoch, heliograph_protocol::reputation::Phase::Posting);
    let observer = panel.observers.remove(1);
    let next = Report::new(observer.address, epoch, &[(panel.node.address, GOOD)]);
    panel.post_root(&observer, next.root());
    let mut open = panel.samples_case_instruction(&reporter.pubkey(), &reports[0].proved(1));
    open.accounts[11].pubkey = pda::epoch(epoch);
    panel.refuse(&[open], &[&reporter], SlashingError::OtherEpoch);
}

#[test]
fn settler_rejects() {
    use heliograph_registry::state::KeeperRole;
    let (mut panel, reports, reporter) = ready();
    let settler = panel.keeper("settler", KeeperRole::Settler);
    let leaf = ProvedLeaf { observer: settler.address, ..reports[0].proved(1) };
    let mut open = panel.samples_case_instruction(&reporter.pubkey(), &leaf);
    open.accounts[10].pubkey = panel.observation(0);
    panel.refuse(from_ref(&open), &[&reporter], SlashingError::OtherSubject);
    // There is no observation of a settler; put one in place to see the next check.
    let address = panel.observation(0);
    let mut account = panel.account(&address).expect("an observation");
    account.data[10..42].copy_from_slice(settler.address.as_ref());
    panel.set_account(&address, account);
    panel.refuse(&[open], &[&reporter], SlashingError::NotAnObserver);
}

/// A leaf that nobody has samples of convicts nobody, and neither do made-up ones.
#[test]
fn samples_that_nobody_committed_to_reject() {
    let mut panel = Panel::new(1);
    let reports = panel.post_all(&[Figures { availability_ppm: 0, ..GOOD }]);
    let (reporter, mut leaf) = (panel.wallet("reporter"), reports[0].proved(1));
    let made_up: Vec<Sample> = probes(60);
    panel.bring(&reporter, &made_up);
    leaf.samples_root = heliograph_protocol::sample::root(&made_up);
    refused(&mut panel, &reporter, &leaf, SlashingError::LeafNotPosted);
}

#[test]
fn every_substitute_rejects() {
    let (mut panel, reports, reporter) = ready();
    let stranger = panel.wallet("stranger");
    let others = panel.bring(&stranger, &probes(60));
    let unfinished = panel.bring(&reporter, &probes(2));
    let leaf = reports[0].proved(1);
    let open = panel.samples_case_instruction(&reporter.pubkey(), &leaf);
    let names = opening_names(&["observation", "epoch", "exhibit"]);
    let mut animals: Vec<_> = Zoo::new().animals();
    for (n, observer) in panel.observers.iter().enumerate() {
        animals.extend([
            (format!("observer {n}"), observer.address),
            (format!("observer {n}'s position"), observer.position()),
            (format!("observation {n}"), panel.observation(n)),
        ]);
    }
    animals.push(("epoch".to_owned(), panel.epoch_account()));
    animals.push(("another's exhibit".to_owned(), others));
    animals.push(("exhibit of other samples".to_owned(), unfinished));
    heliograph_tests::sweep::Sweep {
        instructions: &[open],
        target: 0,
        signers: &[&reporter],
        names: &names,
        zoo: &animals,
        strangers: &[&panel.observers[1].owner],
        meant: &[],
        cut: None,
    }
    .run(&panel);
}
