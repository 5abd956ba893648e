use crate::strategies;
use heliograph_protocol::observation::{Figures, NOT_MEASURED};
use heliograph_protocol::reputation::{
    AVAILABILITY_TOLERANCE_PPM, FAULTS_MAX, JITTER_TOLERANCE_US, Judgement, LOSS_TOLERANCE_PPM,
    RTT_TOLERANCE_US, Record, SETUP_TOLERANCE_US, WER_TOLERANCE_PPM, deviates,
};
use proptest::collection::vec;
use proptest::prelude::*;

const MEDIANS: Figures = Figures {
    samples: 60,
    availability_ppm: 500_000,
    rtt_p95_us: 1_000_000,
    jitter_p95_us: 1_000_000,
    loss_ppm: 500_000,
    setup_p95_us: 5_000_000,
    wer_ppm: 500_000,
};

/// Each figure that is judged, with how far it may lie from the median.
const JUDGED: [(fn(&mut Figures) -> &mut u32, u32); 6] = [
    (|f| &mut f.availability_ppm, AVAILABILITY_TOLERANCE_PPM),
    (|f| &mut f.rtt_p95_us, RTT_TOLERANCE_US),
    (|f| &mut f.jitter_p95_us, JITTER_TOLERANCE_US),
    (|f| &mut f.loss_ppm, LOSS_TOLERANCE_PPM),
    (|f| &mut f.setup_p95_us, SETUP_TOLERANCE_US),
    (|f| &mut f.wer_ppm, WER_TOLERANCE_PPM),
];

#[test]
fn deviation_begins_past_the_tolerance_on_either_side() {
    assert!(!deviates(&MEDIANS, &MEDIANS));
    assert!(!deviates(&Figures { samples: 1, ..MEDIANS }, &MEDIANS));
    for (figure, tolerance) in JUDGED {
        for (off, far) in [(tolerance, false), (tolerance + 1, true)] {
            let (mut above, mut below) = (MEDIANS, MEDIANS);
            *figure(&mut above) += off;
            *figure(&mut below) -= off;
            assert_eq!(deviates(&above, &MEDIANS), far);
            assert_eq!(deviates(&below, &MEDIANS), far);
        }
    }
}

#[test]
fn figures_one_side_did_not_measure_are_not_judged() {
    for (figure, _) in &JUDGED[1..] {
        let mut unmeasured = MEDIANS;
        *figure(&mut unmeasured) = NOT_MEASURED;
        assert!(!deviates(&unmeasured, &MEDIANS));
        assert!(!deviates(&MEDIANS, &unmeasured));
    }
}

#[test]
fn record_counts_and_looks_back_sixty_four_times() {
    let mut record = Record::default();
    record = record.judge(Judgement::Missed).judge(Judgement::Near).judge(Judgement::Deviated);
    assert_eq!(record, Record { judged: 3, missed: 1, deviated: 1, recent_faults: 0b101 });
    for _ in 0..63 {
        record = record.judge(Judgement::Near);
    }
    assert_eq!(record, Record { judged: 66, missed: 1, deviated: 1, recent_faults: 1 << 63 });
    assert_eq!(record.judge(Judgement::Near).recent_faults, 0);
}

#[test]
fn more_than_a_quarter_of_sixty_four_faults_is_unreliable() {
    let after = |faults: u32, judged: u32| {
        let mut record = Record::default();
        for n in 0..judged {
            let fault = n < faults;
            record = record.judge(if fault { Judgement::Deviated } else { Judgement::Near });
        }
        record.is_unreliable()
    };
    assert!(!after(FAULTS_MAX, 64));
    assert!(after(FAULTS_MAX + 1, 64));
    assert!(!after(63, 63), "not judged often enough yet");
    assert!(!after(FAULTS_MAX + 1, 65), "the oldest fault is forgotten");
}

#[test]
fn counts_stop_at_their_end() {
    let full = Record { judged: u64::MAX, missed: u64::MAX, deviated: u64::MAX, recent_faults: 0 };
    let record = full.judge(Judgement::Missed).judge(Judgement::Deviated);
    assert_eq!(record, Record { recent_faults: 0b11, ..full });
}

proptest! {
    #[test]
    fn deviation_is_mutual(a in strategies::figures(), b in strategies::figures()) {
        prop_assert_eq!(deviates(&a, &b), deviates(&b, &a));
        prop_assert!(!deviates(&a, &a));
    }

    #[test]
    fn counts_add_up(judgements in vec(0..3u8, 0..200)) {
        let of = |n| [Judgement::Near, Judgement::Deviated, Judgement::Missed][usize::from(n)];
        let record = judgements.iter().fold(Record::default(), |r, &n| r.judge(of(n)));
        let count = |which| judgements.iter().filter(|&&n| n == which).count() as u64;
        prop_assert_eq!(record.judged, judgements.len() as u64);
        prop_assert_eq!((record.deviated, record.missed), (count(1), count(2)));
        let recent = judgements.iter().rev().take(64).filter(|&&n| n > 0).count();
        prop_assert_eq!(record.recent_faults.count_ones() as usize, recent);
    }
}
