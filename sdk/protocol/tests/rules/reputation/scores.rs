use crate::strategies;
use heliograph_protocol::observation::{Figures, NOT_MEASURED, PPM};
use heliograph_protocol::reputation::{
    availability_quality_ppm, media_quality_ppm, score_ppm, setup_quality_ppm, smoothed_ppm,
    transcript_quality_ppm,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Nothing but a node that was there.
const PRESENT: Figures = Figures {
    samples: 60,
    availability_ppm: PPM,
    rtt_p95_us: NOT_MEASURED,
    jitter_p95_us: NOT_MEASURED,
    loss_ppm: NOT_MEASURED,
    setup_p95_us: NOT_MEASURED,
    wer_ppm: NOT_MEASURED,
};

#[test]
fn what_was_not_measured_costs_nothing() {
    assert_eq!(score_ppm(&PRESENT), PPM);
    assert_eq!(
        score_ppm(&Figures { rtt_p95_us: 0, jitter_p95_us: 0, loss_ppm: 0, ..PRESENT }),
        PPM
    );
}

#[test]
fn knots_are_hit_and_lines_run_between_them() {
    for (availability, quality) in [
        (0, 0),
        (900_000, 0),
        (945_000, 350_000),
        (990_000, 700_000),
        (994_500, 850_000),
        (999_000, PPM),
        (PPM, PPM),
    ] {
        assert_eq!(availability_quality_ppm(availability), quality, "{availability}");
    }
    for (setup, quality) in [
        (0, PPM),
        (1_000_000, PPM),
        (1_000_001, 999_999),
        (3_500_000, 750_000),
        (6_000_000, 500_000),
        (8_500_000, 250_000),
        (11_000_000, 0),
        (NOT_MEASURED - 1, 0),
        (NOT_MEASURED, PPM),
    ] {
        assert_eq!(setup_quality_ppm(setup), quality, "{setup}");
    }
    for (wer, quality) in [
        (50_000, PPM),
        (150_000, 750_000),
        (250_000, 500_000),
        (375_000, 250_000),
        (500_000, 0),
        (5_000_000, 0),
        (NOT_MEASURED, PPM),
    ] {
        assert_eq!(transcript_quality_ppm(wer), quality, "{wer}");
    }
}

/// Against the formulas in floating point, as published, to one part in a thousand.
#[test]
fn media_quality_is_the_published_rating() {
    for rtt_ms in [0u32, 20, 100, 177, 178, 250, 400, 600] {
        for jitter_ms in [0u32, 5, 40] {
            for loss_ppm in [0u32, 1_000, 10_000, 50_000, 200_000, PPM] {
                let delay = f64::from(rtt_ms) + 2.0 * f64::from(jitter_ms);
                let beyond = (delay - 177.3).max(0.0);
                let percent = f64::from(loss_ppm) / 10_000.0;
                let rating =
                    93.2 - (0.024 * delay + 0.11 * beyond) - 95.0 * percent / (percent + 25.1);
                let expected = (rating / 93.2).max(0.0);
                let found = media_quality_ppm(rtt_ms * 1_000, jitter_ms * 1_000, loss_ppm);
                let off = (f64::from(found) / 1e6 - expected).abs();
                assert!(off < 1e-3, "{rtt_ms} ms, {jitter_ms} ms, {loss_ppm} ppm: off by {off}");
            }
        }
    }
    assert_eq!(media_quality_ppm(842_000, 0, 0), 0);
    assert_eq!(media_quality_ppm(NOT_MEASURED - 1, NOT_MEASURED - 1, PPM), 0);
}

#[test]
fn smoothing_takes_an_eighth_of_the_new() {
    assert_eq!(smoothed_ppm([]), None);
    assert_eq!(smoothed_ppm([800_000]), Some(800_000));
    assert_eq!(smoothed_ppm([800_000, 0]), Some(700_000));
    assert_eq!(smoothed_ppm([800_000, 0, 0]), Some(612_500));
    assert_eq!(smoothed_ppm([0, PPM]), Some(125_000));
    // Rounded down: the very last parts of a million are never reached from below.
    assert_eq!(smoothed_ppm([PPM - 1; 64]), Some(PPM - 1));
    assert_eq!(smoothed_ppm([PPM - 8, PPM]), Some(PPM - 7));
    assert_eq!(smoothed_ppm([PPM - 7, PPM]), Some(PPM - 7));
}

/// One step of a figure towards the worse.
fn worse(figures: &Figures, which: usize, by: u32) -> Option<Figures> {
    let mut worse = *figures;
    let figure = match which {
        0 => {
            worse.availability_ppm = worse.availability_ppm.checked_sub(by)?;
            return Some(worse);
        }
        1 => &mut worse.rtt_p95_us,
        2 => &mut worse.jitter_p95_us,
        3 => &mut worse.loss_ppm,
        4 => &mut worse.setup_p95_us,
        _ => &mut worse.wer_ppm,
    };
    *figure = figure.checked_add(by)?;
    // Not measured is no worse figure but none.
    (*figure != NOT_MEASURED && !worse.is_invalid()).then_some(worse)
}

proptest! {
    #[test]
    fn scores_are_parts_of_a_whole(figures in strategies::figures()) {
        prop_assert!(score_ppm(&figures) <= PPM);
    }

    #[test]
    fn no_figure_gets_better_by_getting_worse(
        figures in strategies::measured(),
        which in 0..6usize,
        by in prop_oneof![1..100u32, 1..1_000_000u32, any::<u32>()],
    ) {
        if let Some(worse) = worse(&figures, which, by) {
            prop_assert!(score_ppm(&worse) <= score_ppm(&figures), "figure {} by {}", which, by);
        }
    }

    #[test]
    fn measuring_a_figure_never_raises_the_score(figures in strategies::measured()) {
        for unmeasured in [
            Figures { setup_p95_us: NOT_MEASURED, ..figures },
            Figures { wer_ppm: NOT_MEASURED, ..figures },
            Figures { loss_ppm: NOT_MEASURED, ..figures },
            Figures { rtt_p95_us: NOT_MEASURED, ..figures },
            Figures { jitter_p95_us: NOT_MEASURED, ..figures },
        ] {
            prop_assert!(score_ppm(&figures) <= score_ppm(&unmeasured));
        }
    }

    #[test]
    fn smoothed_lies_within_its_scores_and_follows_each(
        scores in vec(0..=PPM, 1..64),
        at in any::<prop::sample::Index>(),
    ) {
        let smoothed = smoothed_ppm(scores.clone()).unwrap();
        let (least, greatest) = (scores.iter().min().unwrap(), scores.iter().max().unwrap());
        prop_assert!((*least..=*greatest).contains(&smoothed));
        let mut higher = scores.clone();
        let score = &mut higher[at.index(scores.len())];
        *score = PPM;
        prop_assert!(smoothed_ppm(higher).unwrap() >= smoothed);
    }
}
