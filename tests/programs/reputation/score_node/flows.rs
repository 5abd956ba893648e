use heliograph_client::pda;
use heliograph_protocol::observation::{self, NOT_MEASURED};
use heliograph_protocol::reputation::{Judgement, Phase, medians, score_ppm, smoothed_ppm};
use heliograph_reputation::events::NodeScored;
use heliograph_reputation::state::{EpochScore, Figures, Score, Standing, Tally};
use heliograph_tests::observers::{EPOCH_SECS, GOOD, Panel};
use heliograph_tests::outcome::Done;
use heliograph_tests::world::PARAMS;
use solana_pubkey::Pubkey;

/// Far off in everything.
const LYING: Figures = Figures { availability_ppm: 0, wer_ppm: 900_000, ..GOOD };

fn figures(rtt_p95_us: u32, loss_ppm: u32) -> Figures {
    Figures { rtt_p95_us, loss_ppm, ..GOOD }
}

/// The rule, as the test applies it.
fn rule(seen: &[Figures]) -> (observation::Figures, u32) {
    let seen: Vec<observation::Figures> = seen.iter().map(|&figures| figures.into()).collect();
    let middle = medians(&seen).expect("somebody saw it");
    (middle, score_ppm(&middle))
}

fn score_bump(node: &Pubkey) -> u8 {
    Pubkey::find_program_address(&[b"score", node.as_ref()], &pda::REPUTATION).1
}

fn emitted(done: &Done, panel: &Panel, seen: &[Figures], old: u32, counts: [u8; 3]) -> u32 {
    let (middle, score_ppm) = rule(seen);
    let account: Score = panel.read(&pda::score(&panel.node.address));
    let smoothed = smoothed_ppm(account.epochs.iter().map(|entry| entry.score_ppm));
    let smoothed_ppm = smoothed.expect("it was scored");
    done.emitted(&NodeScored {
        score: pda::score(&panel.node.address),
        node: panel.node.address,
        epoch: panel.epoch,
        medians: middle.into(),
        score_ppm,
        old_smoothed_ppm: old,
        smoothed_ppm,
        heard: counts[0],
        missed: counts[1],
        deviated: counts[2],
    });
    smoothed_ppm
}

#[test]
fn score_is_that_of_the_medians() {
    let mut panel = Panel::new(3);
    let seen = [figures(40_000, 900), figures(190_000, 500), figures(60_000, 0)];
    let done = panel.run_epoch(&seen);

    let (middle, score_ppm) = rule(&seen);
    assert_eq!((middle.rtt_p95_us, middle.loss_ppm), (60_000, 500));
    assert!(score_ppm > 900_000 && score_ppm < 1_000_000, "{score_ppm}");
    let node = panel.node.address;
    panel.holds(
        &pda::score(&node),
        &Score {
            version: Score::VERSION,
            bump: score_bump(&node),
            node,
            smoothed_ppm: score_ppm,
            epochs_scored: 1,
            epochs: vec![EpochScore {
                epoch: panel.epoch,
                score_ppm,
                availability_ppm: 1_000_000,
                observers: 3,
                quorum: PARAMS.observer_quorum,
            }],
            reserved: [0; 64],
        },
    );
    assert!(panel.read::<Tally>(&panel.tally()).scored);
    emitted(&done, &panel, &seen, 0, [3, 0, 0]);
}

#[test]
fn second_epoch_is_smoothed_with_the_first() {
    let mut panel = Panel::new(3);
    let good = [figures(40_000, 0); 3];
    panel.run_epoch(&good);
    let first: Score = panel.read(&pda::score(&panel.node.address));
    panel.move_on();
    let away = [Figures { availability_ppm: 400_000, ..GOOD }; 3];
    let done = panel.run_epoch(&away);
    let smoothed = emitted(&done, &panel, &away, first.smoothed_ppm, [3, 0, 0]);
    assert_eq!(smoothed, first.smoothed_ppm * 7 / 8);
    let second: Score = panel.read(&pda::score(&panel.node.address));
    assert_eq!((second.epochs_scored, second.epochs.len()), (2, 2));
    assert_eq!(second.epochs[1].availability_ppm, 400_000);
    assert_eq!(second.epochs[1].score_ppm, 0);
}

/// Four seats: one observer near the median, one far off, one that left the node out.
#[test]
fn observers_are_judged_by_the_median() {
    let mut panel = Panel::new(4);
    let seen = [GOOD, figures(200_000, 900), LYING, GOOD];
    let reports = panel.post_all(&seen);
    panel.show_all(&reports[..3]);
    panel.enter_phase(Phase::Scoring);
    let before: Vec<Standing> = (0..4).map(|n| panel.read(&panel.standing(n))).collect();
    let (node, epoch) = (panel.node.address, panel.epoch);
    let done = panel.score(&node, epoch);
    let found = [Judgement::Near, Judgement::Near, Judgement::Deviated, Judgement::Missed];
    for (n, (mut standing, judgement)) in before.into_iter().zip(found).enumerate() {
        standing.judge(judgement);
        panel.holds(&panel.standing(n), &standing);
    }
    emitted(&done, &panel, &seen[..3], 0, [3, 1, 1]);
    let missed: Standing = panel.read(&panel.standing(3));
    assert_eq!((missed.judged, missed.missed, missed.deviated), (1, 1, 0));
    assert_eq!(missed.recent_faults, 1);
    let liar: Standing = panel.read(&panel.standing(2));
    assert_eq!((liar.judged, liar.missed, liar.deviated), (1, 0, 1));
}

/// Two of three leaves were held back, perhaps by their own observers. Anybody who has them shows
/// them, and the quorum is there.
#[test]
fn omission_is_cured_by_anyone() {
    use heliograph_reputation::error::ReputationError;
    let mut panel = Panel::new(3);
    let reports = panel.post_all(&[GOOD; 3]);
    panel.show_all(&reports[..1]);
    let mut omitted = panel.clone();
    omitted.enter(panel.epoch, Phase::Scoring);
    let crank = omitted.crank();
    let node = panel.node.address;
    let score = omitted.score_instruction(&crank_address(), &node, panel.epoch);
    omitted.refuse(&[score], &[&crank], ReputationError::QuorumMissed);

    panel.show(reports[2].proved(1));
    panel.show(reports[1].proved(1));
    panel.enter_phase(Phase::Scoring);
    let epoch = panel.epoch;
    panel.score(&node, epoch);
}

fn crank_address() -> Pubkey {
    use solana_signer::Signer;
    heliograph_tests::key("crank").pubkey()
}

/// A node that sells no transcription is not scored for it, whatever a minority says.
#[test]
fn figure_that_most_did_not_measure_does_not_count() {
    let mut panel = Panel::new(3);
    let unmeasured = Figures { wer_ppm: NOT_MEASURED, ..GOOD };
    let seen = [unmeasured, Figures { wer_ppm: 900_000, ..GOOD }, unmeasured];
    let done = panel.run_epoch(&seen);
    emitted(&done, &panel, &seen, 0, [3, 0, 0]);
    let (middle, score_ppm) = rule(&seen);
    assert_eq!(middle.wer_ppm, NOT_MEASURED);
    assert!(score_ppm > 900_000);
}

/// Scoring is not bound to a time once it began, and late epochs take their place.
#[test]
fn epoch_scored_late_stands_where_it_would_have_stood() {
    let mut panel = Panel::new(3);
    let node = panel.node.address;
    let late_epoch = panel.epoch;
    let away = Figures { availability_ppm: 500_000, ..GOOD };
    let late = panel.post_all(&[away; 3]);
    panel.show_all(&late);
    panel.epoch += EPOCH_SECS;
    panel.run_epoch(&[GOOD; 3]);
    panel.move_on();
    panel.run_epoch(&[GOOD; 3]);
    let before: Score = panel.read(&pda::score(&node));
    panel.pass(1_000_000);
    panel.score(&node, late_epoch);
    let after: Score = panel.read(&pda::score(&node));
    let scores: Vec<u32> = after.epochs.iter().map(|entry| entry.score_ppm).collect();
    assert_eq!(after.epochs[0].epoch, late_epoch);
    assert_eq!(scores[0], 0);
    assert_eq!(after.epochs[1..], before.epochs[..]);
    assert_eq!(Some(after.smoothed_ppm), smoothed_ppm(scores));
    assert!(after.smoothed_ppm < before.smoothed_ppm);
}

/// A node without a score and one with, judged by the same observers in the same epoch.
#[test]
fn each_node_has_its_own_score() {
    let all = crate::reputation::zoo::Observatory::shown();
    let (mut zoo, epoch) = (all.zoo, all.epoch);
    let nodes = [zoo.node.address, zoo.other_node.address];
    for node in nodes {
        zoo.score(&node, epoch);
        assert_eq!(zoo.read::<Score>(&pda::score(&node)).node, node);
    }
    let standing: Standing = zoo.read(&pda::standing(&all.observers[0].address));
    assert_eq!(standing.judged, 2);
}
