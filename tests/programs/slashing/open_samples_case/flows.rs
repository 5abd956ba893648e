use crate::slashing::trials::claimed;
use heliograph_client::instruction::slashing::{close_exhibit, open_downtime_case, refute_epoch};
use heliograph_client::pda;
use heliograph_protocol::observation::NOT_MEASURED;
use heliograph_protocol::reputation::Phase;
use heliograph_protocol::sample::{SAMPLES_MAX, Sample};
use heliograph_registry::state::{Keeper, KeeperStatus};
use heliograph_reputation::state::{Figures, Observation};
use heliograph_slashing::events::{CaseOpened, LeafContradicted};
use heliograph_slashing::state::{Case, CaseKind, CaseStatus};
use heliograph_staking::events::StakeHeld;
use heliograph_tests::World;
use heliograph_tests::events::Emitted;
use heliograph_tests::observers::{EPOCH_SECS, GOOD, PROBE, Panel, Report, figures, probes};
use heliograph_tests::world::{OBSERVER_STAKE_MIN, PARAMS};
use solana_instruction::Instruction;
use solana_pubkey::Pubkey;
use solana_signer::Signer;

/// What a minute is worth in which the node was not there.
pub const AWAY: Sample = Sample {
    at_secs: 0,
    setup_us: NOT_MEASURED,
    rtt_us: NOT_MEASURED,
    jitter_us: NOT_MEASURED,
    packets_sent: 0,
    packets_lost: 0,
    words_spoken: 0,
    words_wrong: 0,
    latency_us: NOT_MEASURED,
};

#[test]
fn leaf_that_says_otherwise_than_its_samples_opens_a_case() {
    let samples = probes(60);
    let found = figures(&samples);
    let lie = Figures { availability_ppm: 0, ..found };
    let (mut panel, reports) = claimed(&samples, lie);
    let (reporter, leaf) = (panel.wallet("reporter"), reports[0].proved(1));
    let exhibit = panel.bring(&reporter, &samples);
    let posted: Observation = panel.read(&panel.observation(0));
    // The leaf was never shown, and need not be.
    assert!(panel.account(&panel.tally()).is_none());

    let open = panel.samples_case_instruction(&reporter.pubkey(), &leaf);
    let done = panel.run(&[open], &[&reporter]);

    let subject = panel.observers[0].address;
    let address = pda::case(&subject, 0);
    let case: Case = panel.read(&address);
    let (epoch, now) = (panel.epoch, panel.now());
    assert_eq!((case.kind, case.epoch, case.sequence), (CaseKind::ObserverFraud, epoch, 0));
    assert_eq!((case.penalty, case.held), (OBSERVER_STAKE_MIN / 5, OBSERVER_STAKE_MIN / 5));
    assert_eq!((case.done_at, case.decidable_at), (posted.posted_at, now));
    assert_eq!((case.evidence, case.victim), (panel.observation(0), Pubkey::default()));
    let position = panel.observers[0].position();
    let penalty = case.penalty;
    done.emitted_all(&[
        Emitted::of(&StakeHeld {
            position,
            requested: penalty,
            amount: penalty,
            held: penalty,
            held_delegated: 0,
        }),
        Emitted::of(&CaseOpened {
            case: address,
            number: 0,
            kind: CaseKind::ObserverFraud,
            subject,
            owner: panel.observers[0].owner.pubkey(),
            mint: panel.stake_mint,
            reporter: reporter.pubkey(),
            rewarded: reporter.pubkey(),
            victim: Pubkey::default(),
            evidence: case.evidence,
            sequence: 0,
            epoch,
            done_at: posted.posted_at,
            punishes_until: 0,
            opened_at: now,
            restorable_at: now,
            decidable_at: now,
            bond_lamports: PARAMS.case_bond_lamports,
            penalty,
            held: penalty,
            epochs: Vec::new(),
        }),
        Emitted::of(&LeafContradicted {
            case: address,
            exhibit,
            node: panel.node.address,
            index: 1,
            figures: lie,
            found: Some(found),
        }),
    ]);

    // The case has seen all it needs; it is carried out without the exhibit.
    let close = close_exhibit(reporter.pubkey(), &leaf.samples_root);
    panel.run(&[close], &[&reporter]);
    panel.decide(&address);
    assert_eq!(panel.read::<Case>(&address).status, CaseStatus::Guilty);
    let jailed: Keeper = panel.read(&subject);
    assert_eq!(jailed.status, KeeperStatus::Jailed);
}

/// One unit more or less in any one figure.
#[test]
fn every_figure_counts() {
    let samples = probes(20);
    let changes: [fn(&mut Figures); 7] = [
        |f| f.samples += 1,
        |f| f.availability_ppm -= 1,
        |f| f.rtt_p95_us += 1,
        |f| f.jitter_p95_us -= 1,
        |f| f.loss_ppm += 1,
        |f| f.setup_p95_us = NOT_MEASURED,
        |f| f.wer_ppm -= 1,
    ];
    for change in changes {
        let mut lie = figures(&samples);
        change(&mut lie);
        let (mut panel, reports) = claimed(&samples, lie);
        let reporter = panel.wallet("reporter");
        panel.convict_by_samples(&reporter, &reports[0].proved(1), &samples);
    }
}

/// What no probes could be convicts whatever the leaf says, be it what all other observers say.
#[test]
fn malformed_samples_convict() {
    let at = |at_secs: u64| Sample { at_secs: at_secs as u32, ..PROBE };
    let malformed: [(&str, Vec<Sample>); 6] = [
        ("none at all", Vec::new()),
        ("twice at one time", vec![at(0), at(60), at(60)]),
        ("back in time", vec![at(60), at(0)]),
        ("when the epoch was over", vec![at(0), at(EPOCH_SECS)]),
        ("at no time", vec![at(0), at(u64::from(u32::MAX))]),
        ("more lost than sent", vec![Sample { packets_lost: 501, ..PROBE }]),
    ];
    for (what, samples) in malformed {
        let (mut panel, reports) = claimed(&samples, GOOD);
        let (reporter, leaf) = (panel.wallet("reporter"), reports[0].proved(1));
        let exhibit = panel.bring(&reporter, &samples);
        let open = panel.samples_case_instruction(&reporter.pubkey(), &leaf);
        let done = panel.run(&[open], &[&reporter]);
        let contradicted = LeafContradicted {
            case: pda::case(&leaf.observer, 0),
            exhibit,
            node: leaf.node,
            index: 1,
            figures: GOOD,
            found: None,
        };
        assert_eq!(done.events.last(), Some(&Emitted::of(&contradicted)), "{what}");
    }
}

/// The most a transaction can ask for.
const COMPUTE_UNITS_MAX: u32 = 1_400_000;

/// Asks for more than the ordinary allowance, as clients do after they have simulated.
fn compute_units(limit: u32) -> Instruction {
    // The number of the instruction that sets the limit.
    let data = [&[2][..], &limit.to_le_bytes()].concat();
    Instruction { program_id: solana_sdk_ids::compute_budget::ID, accounts: Vec::new(), data }
}

/// The most samples that there can be, none in order of size. Half of what a transaction may use is
/// enough for them.
#[test]
fn largest_exhibit_is_judged_in_one_transaction() {
    let samples: Vec<Sample> = (0..SAMPLES_MAX as u32)
        .map(|n| {
            let some = n.wrapping_mul(2_654_435_761) % 100_000;
            Sample {
                at_secs: n * 14,
                setup_us: some,
                rtt_us: some ^ 0x5555,
                jitter_us: some ^ 0xaaaa,
                ..PROBE
            }
        })
        .collect();
    let lie = Figures { rtt_p95_us: 1, ..figures(&samples) };
    let (mut panel, reports) = claimed(&samples, lie);
    let reporter = panel.wallet("reporter");
    panel.bring(&reporter, &samples);
    let open = panel.samples_case_instruction(&reporter.pubkey(), &reports[0].proved(1));
    let done = panel.run(&[compute_units(COMPUTE_UNITS_MAX / 2), open], &[&reporter]);
    println!("{} CU for {SAMPLES_MAX} samples", done.compute_units);
}

/// Shown and scored, a lie is a lie still; and it is as long as what was posted is kept.
#[test]
fn leaf_that_was_scored_convicts() {
    let samples = probes(60);
    let (mut panel, reports) = claimed(&samples, Figures { availability_ppm: 0, ..GOOD });
    panel.show_all(&reports);
    panel.enter_phase(Phase::Scoring);
    let (node, epoch) = (panel.node.address, panel.epoch);
    panel.score(&node, epoch);
    panel.pass(60 * EPOCH_SECS as i64);
    let reporter = panel.wallet("reporter");
    panel.convict_by_samples(&reporter, &reports[0].proved(1), &samples);
}

/// Either fraud is the same kind: one verdict punishes both of one root.
#[test]
fn one_verdict_punishes_both_frauds_of_a_root() {
    use heliograph_slashing::error::SlashingError;
    let samples = probes(60);
    let (mut panel, reports) = claimed(&samples, Figures { availability_ppm: 0, ..GOOD });
    let reporter = panel.wallet("reporter");
    let (leaf, epoch) = (reports[0].proved(1), panel.epoch);
    panel.bring(&reporter, &samples);
    let observer = panel.observers.remove(0);

    let mut stated = World::clone(&panel);
    stated.convict_of_fraud(&reporter, &observer, epoch);
    let open = stated.samples_case_instruction(&reporter.pubkey(), &leaf);
    stated.refuse(&[open], &[&reporter], SlashingError::AlreadyPunished);

    let open = panel.samples_case_instruction(&reporter.pubkey(), &leaf);
    panel.run(&[open], &[&reporter]);
    let again = panel.samples_case_instruction(&reporter.pubkey(), &leaf);
    panel.refuse(&[again], &[&reporter], SlashingError::CaseUnderWay);
    panel.decide(&pda::case(&observer.address, 0));
    let statement = heliograph_tests::cases::statement(&observer, epoch, [0xfa; 32], 1);
    let open = panel.fraud_instructions(&reporter.pubkey(), &observer, epoch, &statement);
    panel.refuse(&open, &[&reporter], SlashingError::AlreadyPunished);
}

/// Epochs in which all four observers claim that the node was down while their samples say that it
/// was there; as many as make a case.
fn slandered() -> (Panel, Vec<(u64, Vec<Report>)>) {
    let mut panel = Panel::new(4);
    let mint = panel.stake_mint;
    panel.pot(&mint);
    panel.epoch += EPOCH_SECS;
    let mut epochs = Vec::new();
    for _ in 0..PARAMS.downtime_epochs {
        panel.enter_phase(Phase::Posting);
        let observers = std::mem::take(&mut panel.observers);
        let mut reports = Vec::new();
        for observer in &observers {
            let mut report = Report::new(observer.address, panel.epoch, &[]);
            let down = Figures { availability_ppm: 0, ..figures(&probes(60)) };
            report.push(panel.node.address, down, &probes(60));
            panel.post_root(observer, report.root());
            reports.push(report);
        }
        panel.observers = observers;
        panel.enter_phase(Phase::Submitting);
        for report in &reports {
            panel.show(report.proved(0));
        }
        panel.enter_phase(Phase::Scoring);
        let (node, epoch) = (panel.node.address, panel.epoch);
        panel.score(&node, epoch);
        epochs.push((epoch, reports));
        panel.move_on();
    }
    (panel, epochs)
}

/// A conviction by samples refutes an epoch as one by a statement does, and together they do.
#[test]
fn conviction_refutes_an_epoch_of_downtime() {
    let (mut panel, epochs) = slandered();
    let reporter = panel.wallet("reporter");
    let open = open_downtime_case(&panel.accusation(&reporter.pubkey(), &panel.node.address));
    let address = open.accounts[5].pubkey;
    panel.run(&[open], &[&reporter]);
    let (epoch, reports) = &epochs[1];
    let by_samples = panel.convict_by_samples(&reporter, &reports[0].proved(0), &probes(60));
    let observer = panel.observers.remove(1);
    let by_statement = panel.convict_of_fraud(&reporter, &observer, *epoch);
    let case: Case = panel.read(&address);
    panel.run(&[refute_epoch((address, &case), *epoch, &[by_samples, by_statement])], &[]);
    assert_eq!(panel.read::<Case>(&address).status, CaseStatus::Dismissed);
}

/// A node that was away is not saved by an observer who says so.
#[test]
fn bad_probes_make_an_honest_leaf() {
    use heliograph_slashing::error::SlashingError;
    let samples: Vec<Sample> =
        probes(10).iter().map(|probe| Sample { at_secs: probe.at_secs, ..AWAY }).collect();
    let (mut panel, reports) = claimed(&samples, figures(&samples));
    let reporter = panel.wallet("reporter");
    panel.bring(&reporter, &samples);
    let open = panel.samples_case_instruction(&reporter.pubkey(), &reports[0].proved(1));
    panel.refuse(&[open], &[&reporter], SlashingError::SamplesAgree);
}
