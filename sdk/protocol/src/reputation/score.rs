//! The score of an epoch, and the score of many.

use crate::observation::{Figures, NOT_MEASURED, PPM};

/// Rating of a connection without delay and loss, in thousandths: the default of ITU-T G.107.
const RATING_MAX: u64 = 93_200;
/// Rating lost per ms of delay from mouth to ear, in thousandths (Cole and Rosenbluth, "Voice over
/// IP performance monitoring", 2001: `Id ≈ 0.024 d + 0.11 (d − 177.3)` where positive).
const RATING_PER_MS: u64 = 24;
/// Rating lost besides per ms beyond [`DELAY_KNEE_US`].
const RATING_PER_MS_BEYOND: u64 = 110;
/// Where people begin to interrupt each other. Somewhat above the 150 ms that ITU-T G.114 calls
/// acceptable to most; at its limit of 400 ms the rating is 59, "nearly all users dissatisfied".
const DELAY_KNEE_US: u64 = 177_300;
/// The most that loss takes, in thousandths: `95` in `Ie,eff = 95 · Ppl / (Ppl + Bpl)`, ITU-T
/// G.107 for random loss and a codec that costs nothing by itself (`Ie = 0`).
const LOSS_RATING_MAX: u64 = 95_000;
/// Robustness to loss, `Bpl = 25.1` per cent: G.711 with concealment, ITU-T G.113 appendix I.
const LOSS_ROBUSTNESS_PPM: u64 = 251_000;

/// The network's own: a node away more than a tenth of the time is worth nothing, one away for
/// less than a thousandth loses nothing.
const AVAILABILITY: &[(u32, u32)] = &[(900_000, 0), (990_000, 700_000), (999_000, PPM)];
/// ITU-T E.721 asks for 95 % of local calls to be put through within 6 s and of international ones
/// within 11 s; up to a second nobody notices.
const SETUP_US: &[(u32, u32)] = &[(1_000_000, PPM), (6_000_000, 500_000), (11_000_000, 0)];
/// People who transcribe miss about one word in twenty of a conversation (Xiong et al., 2016); past
/// one in four, readers are better off without the text (Munteanu et al., 2006). Halfway lost there.
const WER_PPM: &[(u32, u32)] = &[(50_000, PPM), (250_000, 500_000), (500_000, 0)];

/// A new epoch's part in the smoothed score is one in this many.
const SMOOTHING: u64 = 8;

/// What an epoch with these figures is worth, 0 to 1 000 000:
///
/// `availability · media · setup · transcript`, each a quality between 0 and 1, rounded down after
/// every multiplication. A quality whose figures were not measured is 1. The better a figure, the
/// higher the score or the same.
pub fn score_ppm(figures: &Figures) -> u32 {
    let qualities = [
        availability_quality_ppm(figures.availability_ppm),
        media_quality_ppm(figures.rtt_p95_us, figures.jitter_p95_us, figures.loss_ppm),
        setup_quality_ppm(figures.setup_p95_us),
        transcript_quality_ppm(figures.wer_ppm),
    ];
    let whole = u64::from(PPM);
    let product = qualities.iter().fold(whole, |product, &q| product * u64::from(q) / whole);
    // A product of parts of a whole is at most the whole.
    product.min(whole) as u32
}

/// Quality of being there.
pub fn availability_quality_ppm(availability_ppm: u32) -> u32 {
    interpolate(AVAILABILITY, availability_ppm)
}

/// Quality of a call between two people as far from the node as the observer: the transmission
/// rating of ITU-T G.107 over its best.
///
/// The delay from mouth to ear is one round trip, half of it on each side of the node, and a
/// jitter buffer of twice the jitter. What is the same for every node, such as a codec's frame, is
/// left out.
pub fn media_quality_ppm(rtt_p95_us: u32, jitter_p95_us: u32, loss_ppm: u32) -> u32 {
    let measured = |figure: u32| if figure == NOT_MEASURED { 0 } else { u64::from(figure) };
    let delay_us = measured(rtt_p95_us) + 2 * measured(jitter_p95_us);
    let beyond_us = delay_us.saturating_sub(DELAY_KNEE_US);
    let by_delay = (RATING_PER_MS * delay_us + RATING_PER_MS_BEYOND * beyond_us).div_ceil(1_000);
    let loss = measured(loss_ppm);
    let by_loss = (LOSS_RATING_MAX * loss).div_ceil(loss + LOSS_ROBUSTNESS_PPM);
    let rating = RATING_MAX.saturating_sub(by_delay + by_loss);
    // At most the whole: the rating is at most its maximum.
    (rating * u64::from(PPM) / RATING_MAX) as u32
}

/// Quality of the time a connection takes.
pub fn setup_quality_ppm(setup_p95_us: u32) -> u32 {
    if setup_p95_us == NOT_MEASURED { PPM } else { interpolate(SETUP_US, setup_p95_us) }
}

/// Quality of the transcripts.
pub fn transcript_quality_ppm(wer_ppm: u32) -> u32 {
    if wer_ppm == NOT_MEASURED { PPM } else { interpolate(WER_PPM, wer_ppm) }
}

/// The score over several epochs, oldest first: exponential smoothing, one eighth of each new
/// epoch, rounded down at every step. `None` when there are none.
///
/// It depends on the epochs given and nothing else, so anyone computes it from what is on chain,
/// and an epoch that is scored late counts as if it had been scored in time.
pub fn smoothed_ppm(scores_ppm: impl IntoIterator<Item = u32>) -> Option<u32> {
    scores_ppm.into_iter().reduce(|smoothed, score| {
        let sum = (SMOOTHING - 1) * u64::from(smoothed) + u64::from(score);
        // Between the two, so it fits.
        (sum / SMOOTHING) as u32
    })
}

/// The piecewise linear function through `knots`, rounded down; constant before the first and
/// after the last. `knots` are not empty and their first parts grow.
fn interpolate(knots: &[(u32, u32)], x: u32) -> u32 {
    let after = knots.partition_point(|&(knot, _)| knot <= x);
    let (Some(&(x1, y1)), Some(&(x0, y0))) =
        (knots.get(after), after.checked_sub(1).and_then(|before| knots.get(before)))
    else {
        return if after == 0 { knots[0].1 } else { knots[after - 1].1 };
    };
    let (part, whole) = (u64::from(x - x0), u64::from(x1 - x0));
    // Between y0 and y1, so it fits.
    if y1 >= y0 {
        y0 + (u64::from(y1 - y0) * part / whole) as u32
    } else {
        y0 - (u64::from(y0 - y1) * part).div_ceil(whole) as u32
    }
}
