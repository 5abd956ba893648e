use crate::strategies;
use heliograph_protocol::observation::{Figures, NOT_MEASURED};
use heliograph_protocol::reputation::{OBSERVERS_MAX, has_quorum, median, medians, score_ppm};
use proptest::collection::vec;
use proptest::prelude::*;

#[test]
fn median_is_the_middle_and_the_lower_of_two() {
    assert_eq!(median(&mut []), None);
    assert_eq!(median(&mut [7]), Some(7));
    assert_eq!(median(&mut [9, 1]), Some(1));
    assert_eq!(median(&mut [9, 1, 5]), Some(5));
    assert_eq!(median(&mut [9, 1, 5, 7]), Some(5));
    assert_eq!(median(&mut [3, 3, 3, 0]), Some(3));
}

#[test]
fn not_measured_wins_only_with_more_than_half() {
    let none = NOT_MEASURED;
    assert_eq!(median(&mut [none, 10, none, 20]), Some(20));
    assert_eq!(median(&mut [none, 10, none]), Some(none));
    assert_eq!(median(&mut [none, 10, 20]), Some(20));
}

#[test]
fn quorum_is_the_networks_and_two_thirds_of_the_roots() {
    assert!(!has_quorum(0, 0, 0));
    assert!(has_quorum(1, 1, 0));
    assert!(!has_quorum(2, 2, 3));
    for (heard, posted, enough) in
        [(3, 3, true), (3, 4, true), (3, 5, false), (4, 6, true), (10, 16, false), (11, 16, true)]
    {
        assert_eq!(has_quorum(heard, posted, 3), enough, "{heard} of {posted}");
    }
    assert!(has_quorum(usize::MAX, usize::MAX, u8::MAX));
}

/// Each figure's least and greatest among the honest.
fn bounds(honest: &[Figures], figure: fn(&Figures) -> u32) -> (u32, u32) {
    let values = || honest.iter().map(figure);
    (values().min().unwrap(), values().max().unwrap())
}

const EACH: [fn(&Figures) -> u32; 7] = [
    |f| f.samples,
    |f| f.availability_ppm,
    |f| f.rtt_p95_us,
    |f| f.jitter_p95_us,
    |f| f.loss_ppm,
    |f| f.setup_p95_us,
    |f| f.wer_ppm,
];

proptest! {
    #[test]
    fn median_splits_its_values(values in vec(any::<u32>(), 1..40)) {
        let middle = median(&mut values.clone()).unwrap();
        let below = values.iter().filter(|&&value| value < middle).count();
        let above = values.iter().filter(|&&value| value > middle).count();
        prop_assert!(values.contains(&middle));
        prop_assert!(2 * below < values.len() && 2 * above <= values.len());
    }

    /// Whatever less than half of the observers say, each median lies among what the others saw,
    /// and the score between those of the best and of the worst that honest observers saw.
    #[test]
    fn liars_below_half_move_nothing_out_of_the_honest_range(
        (honest, lies) in (1..=OBSERVERS_MAX).prop_flat_map(|count| {
            let lies = (count - 1) / 2;
            let honest = vec(strategies::measured(), count - lies);
            (honest, vec(strategies::figures(), lies))
        }),
        turn in any::<prop::sample::Index>(),
    ) {
        let mut all: Vec<Figures> = honest.iter().chain(&lies).copied().collect();
        let turn = turn.index(all.len());
        all.rotate_left(turn);
        let found = medians(&all).unwrap();
        for figure in EACH {
            let (least, greatest) = bounds(&honest, figure);
            prop_assert!((least..=greatest).contains(&figure(&found)));
        }
        let best = |figure| bounds(&honest, figure).0;
        let worst = |figure| bounds(&honest, figure).1;
        let of = |edge: &dyn Fn(fn(&Figures) -> u32) -> u32, availability_ppm| score_ppm(&Figures {
            samples: 1,
            availability_ppm,
            rtt_p95_us: edge(|f| f.rtt_p95_us),
            jitter_p95_us: edge(|f| f.jitter_p95_us),
            loss_ppm: edge(|f| f.loss_ppm),
            setup_p95_us: edge(|f| f.setup_p95_us),
            wer_ppm: edge(|f| f.wer_ppm),
        });
        let lowest = of(&worst, best(|f| f.availability_ppm));
        let highest = of(&best, worst(|f| f.availability_ppm));
        prop_assert!((lowest..=highest).contains(&score_ppm(&found)));
    }

    #[test]
    fn order_of_observers_does_not_matter(all in vec(strategies::figures(), 1..17)) {
        let mut reversed = all.clone();
        reversed.reverse();
        prop_assert_eq!(medians(&all), medians(&reversed));
    }
}

#[test]
fn nobody_heard_gives_no_medians() {
    assert_eq!(medians(&[]), None);
}
