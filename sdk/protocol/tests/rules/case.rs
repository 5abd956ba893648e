//! Faults, penalties and their parts.

use crate::strategies;
use heliograph_protocol::case::{
    NoContradiction, NoEquivocation, Parts, Scored, bad_epochs, contradiction, divide,
    equivocation, penalty,
};
use heliograph_protocol::domain::Message;
use heliograph_protocol::observation::Leaf;
use heliograph_protocol::sample::{self, Malformed};
use heliograph_protocol::shares::BPS;
use proptest::collection::vec;
use proptest::prelude::*;

proptest! {
    #[test]
    fn two_receipts_for_one_minute_equivocate_unless_they_are_the_same(
        one in strategies::receipt(),
        other in strategies::receipt(),
        domain in strategies::domain(),
    ) {
        let mut other = other;
        other.session = one.session;
        other.sequence = one.sequence;
        let bytes = [&one, &other].map(|receipt| receipt.signing_bytes(&domain));
        let found = equivocation(&bytes[0], &bytes[1], &domain);
        if one == other {
            prop_assert_eq!(found, Err(NoEquivocation::Same));
        } else {
            let found = found.unwrap();
            prop_assert_eq!((found.session, found.sequence), (one.session, one.sequence));
        }
        // In either order it is the same.
        prop_assert_eq!(found, equivocation(&bytes[1], &bytes[0], &domain));
        prop_assert_eq!(
            equivocation(&bytes[0], &bytes[0], &domain),
            Err(NoEquivocation::Same)
        );
    }

    #[test]
    fn receipts_of_other_minutes_do_not(
        one in strategies::receipt(),
        other in strategies::receipt(),
        domain in strategies::domain(),
        same_session in any::<bool>(),
    ) {
        let mut other = other;
        if same_session {
            other.session = one.session;
            other.sequence = one.sequence.wrapping_add(1);
        }
        prop_assume!((one.session, one.sequence) != (other.session, other.sequence));
        let [a, b] = [&one, &other].map(|receipt| receipt.signing_bytes(&domain));
        prop_assert_eq!(equivocation(&a, &b, &domain), Err(NoEquivocation::OtherMinute));
    }

    /// An honest leaf is safe from its own samples, and every other leaf over them is convicted.
    #[test]
    fn a_leaf_contradicts_its_samples_unless_it_says_what_they_give(
        samples in strategies::samples(),
        leaf in strategies::observation(),
    ) {
        let found = sample::figures(samples.iter().copied(), 3_600).unwrap();
        let bytes = sample::to_bytes(&samples);
        let samples_root = sample::root(&samples);
        let honest = Leaf { figures: found, samples_root, ..leaf };
        prop_assert_eq!(contradiction(&honest, &bytes, 3_600), Err(NoContradiction::Agree));
        prop_assume!(leaf.figures != found);
        let lying = Leaf { samples_root, ..leaf };
        prop_assert_eq!(contradiction(&lying, &bytes, 3_600), Ok(Ok(found)));
        // Other samples convict nobody, whatever they give.
        prop_assert_eq!(
            contradiction(&lying, &bytes[sample::SAMPLE_LEN..], 3_600),
            Err(NoContradiction::OtherSamples)
        );
        prop_assert_eq!(
            contradiction(&lying, &bytes[..bytes.len() - 1], 3_600),
            Err(NoContradiction::OtherSamples)
        );
    }

    /// Samples that give no figures agree with nothing.
    #[test]
    fn malformed_samples_contradict_every_leaf(
        samples in strategies::samples(),
        leaf in strategies::observation(),
        figures_of_all in any::<bool>(),
    ) {
        let mut samples = samples;
        let found = sample::figures(samples.iter().copied(), 3_600).unwrap();
        let figures = if figures_of_all { found } else { leaf.figures };
        samples.push(samples[0]);
        let lying = Leaf { figures, samples_root: sample::root(&samples), ..leaf };
        let expected = if samples.len() > sample::SAMPLES_MAX {
            Malformed::TooMany
        } else {
            Malformed::OutOfOrder
        };
        prop_assert_eq!(
            contradiction(&lying, &sample::to_bytes(&samples), 3_600),
            Ok(Err(expected))
        );
        let empty = Leaf { samples_root: sample::root(&[]), ..leaf };
        prop_assert_eq!(contradiction(&empty, &[], 3_600), Ok(Err(Malformed::Empty)));
    }

    #[test]
    fn other_messages_and_networks_prove_nothing(
        receipt in strategies::receipt(),
        voucher in strategies::voucher(),
        domain in strategies::domain(),
        other in strategies::domain(),
        bytes in vec(any::<u8>(), 0..400),
    ) {
        prop_assume!(domain != other);
        let good = receipt.signing_bytes(&domain);
        let strange = [voucher.signing_bytes(&domain), receipt.signing_bytes(&other), bytes];
        for strange in &strange {
            let refused = Err(NoEquivocation::NotAReceipt);
            prop_assert_eq!(equivocation(&good, strange, &domain), refused);
            prop_assert_eq!(equivocation(strange, &good, &domain), refused);
        }
    }

    #[test]
    fn penalty_is_a_part_of_the_stake(stake in any::<u64>(), bps in any::<u16>()) {
        let cost = penalty(stake, bps);
        prop_assert!(cost <= stake);
        let exact = u128::from(stake) * u128::from(bps.min(BPS)) / u128::from(BPS);
        prop_assert_eq!(u128::from(cost), exact);
    }

    #[test]
    fn parts_add_up_to_the_penalty(
        penalty in any::<u64>(),
        reporter_bps in 0..=BPS,
        victim_bps in 0..=BPS,
    ) {
        let parts = divide(penalty, reporter_bps, victim_bps);
        if reporter_bps + victim_bps > BPS {
            prop_assert_eq!(parts, None);
            return Ok(());
        }
        let Parts { reporter, victim, rest } = parts.unwrap();
        prop_assert_eq!(u128::from(reporter) + u128::from(victim) + u128::from(rest), penalty.into());
        let part = |bps| u128::from(penalty) * u128::from(bps) / u128::from(BPS);
        prop_assert_eq!(u128::from(reporter), part(reporter_bps));
        prop_assert_eq!(u128::from(victim), part(victim_bps));
    }

    #[test]
    fn an_epoch_falls_when_fewer_than_its_quorum_are_left(
        observers: u8,
        quorum: u8,
        frauds in 0..300usize,
    ) {
        let scored = Scored { epoch: 0, score_ppm: 0, observers, quorum };
        let left = i64::from(observers) - frauds as i64;
        prop_assert_eq!(scored.falls_without(frauds), left.max(0) < i64::from(quorum));
    }

    #[test]
    fn bad_epochs_are_the_newest_below_the_mark(
        steps in vec((1..10_000u64, 0..1_000_001u32, 0..17u8), 0..64),
        after in 0..200_000u64,
        window in 0..70usize,
        mark in 0..1_000_001u32,
    ) {
        let mut epoch = 0;
        let scores: Vec<Scored> = steps
            .into_iter()
            .map(|(step, score_ppm, observers)| {
                epoch += step;
                Scored { epoch, score_ppm, observers, quorum: 1 }
            })
            .collect();
        let found: Vec<&Scored> = bad_epochs(&scores, after, window, mark).collect();
        prop_assert!(found.len() <= window);
        for (place, score) in scores.iter().enumerate() {
            let judged = place + window >= scores.len() && score.epoch > after;
            prop_assert_eq!(found.contains(&score), judged && score.score_ppm < mark);
        }
    }
}
