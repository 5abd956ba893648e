//! Samples and the figures they add up to.

use crate::strategies;
use heliograph_protocol::merkle;
use heliograph_protocol::observation::{Figures, NOT_MEASURED, PPM};
use heliograph_protocol::sample::{
    Malformed, SAMPLE_LEN, SAMPLES_MAX, Sample, figures, from_bytes, root, root_of_bytes, to_bytes,
};
use proptest::collection::vec;
use proptest::prelude::*;

const HOUR: u32 = 3_600;

/// A good probe of the epoch's first second.
const GOOD: Sample = Sample {
    at_secs: 0,
    setup_us: 300_000,
    rtt_us: 40_000,
    jitter_us: 3_000,
    packets_sent: 500,
    packets_lost: 1,
    words_spoken: 25,
    words_wrong: 1,
    latency_us: 900_000,
};

/// A probe whose connection was not set up.
const AWAY: Sample = Sample {
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

/// One after the other, a second apart.
fn in_order(samples: impl IntoIterator<Item = Sample>) -> Vec<Sample> {
    samples.into_iter().zip(0..).map(|(sample, at_secs)| Sample { at_secs, ..sample }).collect()
}

fn of(samples: &[Sample]) -> Result<Figures, Malformed> {
    figures(samples.iter().copied(), HOUR)
}

proptest! {
    #[test]
    fn samples_have_one_form_of_bytes(samples in vec(strategies::sample(), 0..20)) {
        let bytes = to_bytes(&samples);
        let borsh: Vec<u8> = samples.iter().flat_map(|s| borsh::to_vec(s).unwrap()).collect();
        prop_assert_eq!(&bytes, &borsh);
        prop_assert_eq!(bytes.len(), samples.len() * SAMPLE_LEN);
        let read: Vec<Sample> = from_bytes(&bytes).unwrap().collect();
        prop_assert_eq!(&read, &samples);
        if let Some((_, cut)) = bytes.split_last() {
            prop_assert!(from_bytes(cut).is_none());
            prop_assert_eq!(root_of_bytes(cut), None);
        }
    }

    #[test]
    fn root_covers_every_byte_and_the_order(
        samples in vec(strategies::sample(), 2..20),
        place: prop::sample::Index,
        bit in 0..8_u32,
    ) {
        let whole = root(&samples);
        let hashes: Vec<_> = samples.iter().map(|s| merkle::leaf(&s.to_bytes())).collect();
        prop_assert_eq!(whole, merkle::root(&hashes));
        let mut bytes = to_bytes(&samples);
        prop_assert_eq!(root_of_bytes(&bytes), Some(whole));
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        prop_assert_ne!(root_of_bytes(&bytes), Some(whole));
        prop_assert_ne!(root(&samples[1..]), whole);
        let mut swapped = samples.clone();
        swapped.swap(0, 1);
        prop_assert_eq!(root(&swapped) == whole, samples[0] == samples[1]);
    }

    /// Against the definitions, computed another way.
    #[test]
    fn figures_are_what_their_definitions_say(samples in strategies::samples()) {
        let found = of(&samples).unwrap();
        prop_assert!(!found.is_invalid());
        prop_assert_eq!(found.samples as usize, samples.len());
        let good: Vec<&Sample> = samples.iter().filter(|s| s.is_good()).collect();
        let ppm = |part: usize, whole: usize| (part as u64 * 1_000_000 / whole as u64) as u32;
        prop_assert_eq!(found.availability_ppm, ppm(good.len(), samples.len()));
        for (figure, measure) in [
            (found.setup_p95_us, (|s| s.setup_us) as fn(&Sample) -> u32),
            (found.rtt_p95_us, |s| s.rtt_us),
            (found.jitter_p95_us, |s| s.jitter_us),
        ] {
            let values: Vec<u32> =
                good.iter().map(|s| measure(s)).filter(|v| *v != NOT_MEASURED).collect();
            if values.is_empty() {
                prop_assert_eq!(figure, NOT_MEASURED);
                continue;
            }
            // The smallest value that enough of them do not exceed.
            let covers = |limit: u32| {
                values.iter().filter(|v| **v <= limit).count() * 100 >= values.len() * 95
            };
            prop_assert!(values.contains(&figure) && covers(figure));
            prop_assert!(values.iter().filter(|v| **v < figure).all(|v| !covers(*v)));
        }
        let sum = |of: fn(&Sample) -> u32| good.iter().map(|s| of(s) as usize).sum::<usize>();
        for (figure, part, whole) in [
            (found.loss_ppm, sum(|s| s.packets_lost), sum(|s| s.packets_sent)),
            (found.wer_ppm, sum(|s| s.words_wrong), sum(|s| s.words_spoken)),
        ] {
            prop_assert_eq!(figure, if whole == 0 { NOT_MEASURED } else { ppm(part, whole) });
        }
    }

    /// Any samples at all have figures that could be, or a reason why they have none.
    #[test]
    fn any_samples_have_figures_or_a_reason(
        samples in vec(strategies::sample(), 0..8),
        epoch_secs: u32,
    ) {
        match figures(samples.iter().copied(), epoch_secs) {
            Ok(found) => prop_assert!(!found.is_invalid()),
            Err(why) => prop_assert!(!why.to_string().is_empty()),
        }
    }

    #[test]
    fn samples_are_within_the_epoch_and_in_order(
        samples in strategies::samples(),
        which: prop::sample::Index,
    ) {
        let last = samples[samples.len() - 1].at_secs;
        let all = || samples.iter().copied();
        prop_assert!(figures(all(), last + 1).is_ok());
        prop_assert_eq!(figures(all(), last), Err(Malformed::AfterTheEpoch));
        if samples.len() > 1 {
            let later = which.index(samples.len() - 1) + 1;
            let mut twice = samples.clone();
            twice[later].at_secs = twice[later - 1].at_secs;
            prop_assert_eq!(of(&twice), Err(Malformed::OutOfOrder));
        }
        let mut lost = samples.clone();
        let one = &mut lost[which.index(samples.len())];
        one.packets_lost = one.packets_sent + 1;
        prop_assert_eq!(of(&lost), Err(Malformed::MoreLostThanSent));
    }
}

#[test]
fn a_probe_is_good_when_all_it_sent_came_to_something() {
    assert!(GOOD.is_good());
    assert!(!AWAY.is_good());
    let media = Sample { words_spoken: 0, words_wrong: 0, latency_us: NOT_MEASURED, ..GOOD };
    let text = Sample { packets_sent: 0, packets_lost: 0, rtt_us: NOT_MEASURED, ..GOOD };
    assert!(media.is_good() && text.is_good());
    assert!(!Sample { packets_lost: media.packets_sent, ..media }.is_good());
    assert!(Sample { packets_lost: media.packets_sent - 1, ..media }.is_good());
    assert!(!Sample { latency_us: NOT_MEASURED, ..text }.is_good());
    // Echoes do not make up for a text that did not come, nor the other way round.
    assert!(!Sample { latency_us: NOT_MEASURED, ..GOOD }.is_good());
    assert!(!Sample { packets_lost: GOOD.packets_sent, ..GOOD }.is_good());
    // A connection alone carries nothing.
    assert!(!Sample { setup_us: 1, ..AWAY }.is_good());
}

#[test]
fn one_probe_in_twenty_may_be_worse() {
    let slow = Sample { rtt_us: 900_000, ..GOOD };
    let nineteen = std::iter::repeat_n(GOOD, 19);
    let one_of_twenty = in_order(nineteen.clone().chain([slow]));
    assert_eq!(of(&one_of_twenty).unwrap().rtt_p95_us, 40_000);
    let two_of_21 = in_order(nineteen.chain([slow, slow]));
    assert_eq!(of(&two_of_21).unwrap().rtt_p95_us, 900_000);
    assert_eq!(of(&[slow]).unwrap().rtt_p95_us, 900_000);
}

#[test]
fn bad_probes_count_for_availability_alone() {
    let bad = Sample { rtt_us: 1, setup_us: 1, packets_lost: 500, words_wrong: 25, ..GOOD };
    let mixed = of(&in_order([GOOD, bad, AWAY])).unwrap();
    let alone = of(&[GOOD]).unwrap();
    assert_eq!(mixed, Figures { samples: 3, availability_ppm: 333_333, ..alone });
    assert_eq!((alone.loss_ppm, alone.wer_ppm), (2_000, 40_000));
}

#[test]
fn a_node_that_was_never_there_has_no_other_figures() {
    let expected = Figures {
        samples: 2,
        availability_ppm: 0,
        rtt_p95_us: NOT_MEASURED,
        jitter_p95_us: NOT_MEASURED,
        loss_ppm: NOT_MEASURED,
        setup_p95_us: NOT_MEASURED,
        wer_ppm: NOT_MEASURED,
    };
    assert_eq!(of(&in_order([AWAY, AWAY])), Ok(expected));
}

#[test]
fn counts_are_bounded() {
    assert_eq!(of(&[]), Err(Malformed::Empty));
    let most = in_order(std::iter::repeat_n(GOOD, SAMPLES_MAX));
    assert_eq!(of(&most).unwrap().samples as usize, SAMPLES_MAX);
    let more = in_order(std::iter::repeat_n(GOOD, SAMPLES_MAX + 1));
    assert_eq!(of(&more), Err(Malformed::TooMany));
}

/// The largest numbers there are overflow nothing.
#[test]
fn extremes_add_up() {
    let huge = Sample {
        packets_sent: u32::MAX,
        packets_lost: u32::MAX - 1,
        words_spoken: 1,
        words_wrong: u32::MAX,
        rtt_us: NOT_MEASURED - 1,
        ..GOOD
    };
    let all: Vec<Sample> = (0..SAMPLES_MAX as u32)
        .map(|n| Sample { at_secs: u32::MAX - SAMPLES_MAX as u32 + n, ..huge })
        .collect();
    let found = figures(all, u32::MAX).unwrap();
    assert_eq!((found.loss_ppm, found.wer_ppm), (PPM - 1, NOT_MEASURED - 1));
    assert_eq!(found.rtt_p95_us, NOT_MEASURED - 1);
}
