//! Samples: an observer's probes of one node in one epoch, one by one, and the figures they add up
//! to.
//!
//! A leaf commits to its samples with a root ([`crate::observation::Leaf::samples_root`]). Its
//! figures are a function of them, so samples under a leaf's root that give other figures convict
//! the observer by arithmetic alone ([`crate::case::contradiction`]).

use crate::hash::Hash;
use crate::merkle;
use crate::observation::{Figures, NOT_MEASURED, PPM};
use alloc::vec::Vec;
use borsh::{BorshDeserialize, BorshSerialize};

/// Most samples under one leaf: one every fourteen seconds of an hour, or a minute's for each minute
/// of four hours. An observer of longer epochs spreads them. With all of them, the account that
/// shows them to a program is below the 10 kB that a program can make at once, and to hash and
/// add them up takes less than half of what a transaction may.
pub const SAMPLES_MAX: usize = 256;

/// Length of a sample's Borsh bytes, the same for all.
pub const SAMPLE_LEN: usize = 9 * 4;

/// The percentile that stands for all: one probe in twenty is worse.
const PERCENTILE: usize = 95;

/// One probe of a node: a connection, media that the node echoes, speech of which the text is known;
/// or a minute of a call that reports the same without a probe. What was not tried is zero, what was
/// not measured [`NOT_MEASURED`]. Any [`SAMPLE_LEN`] bytes are a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Sample {
    /// Seconds from the beginning of the epoch to that of the probe.
    pub at_secs: u32,
    /// Time from the first packet of the connection to its first media packet, in µs.
    pub setup_us: u32,
    /// Median round-trip time of the echoed media packets, in µs.
    pub rtt_us: u32,
    /// Their interarrival jitter at the end of the probe (RFC 3550, section 6.4.1), in µs.
    pub jitter_us: u32,
    /// Media packets sent to be echoed.
    pub packets_sent: u32,
    /// Of these, those that did not come back.
    pub packets_lost: u32,
    /// Words spoken to be transcribed.
    pub words_spoken: u32,
    /// Words substituted, left out or added in the text.
    pub words_wrong: u32,
    /// Time from the end of speech to its final text, in µs; not measured where no text came. No
    /// figure is made of it.
    pub latency_us: u32,
}

impl Sample {
    /// Whether something was sent and all of it came to something: media came back where any was
    /// sent, text where words were spoken. A connection that could not be set up sends nothing.
    pub const fn is_good(&self) -> bool {
        let echoed = self.packets_sent == 0 || self.packets_lost < self.packets_sent;
        let transcribed = self.words_spoken == 0 || self.latency_us != NOT_MEASURED;
        (self.packets_sent > 0 || self.words_spoken > 0) && echoed && transcribed
    }

    /// A sample's Borsh bytes.
    pub fn to_bytes(&self) -> [u8; SAMPLE_LEN] {
        let numbers = [
            self.at_secs,
            self.setup_us,
            self.rtt_us,
            self.jitter_us,
            self.packets_sent,
            self.packets_lost,
            self.words_spoken,
            self.words_wrong,
            self.latency_us,
        ];
        let mut bytes = [0; SAMPLE_LEN];
        for (place, number) in bytes.chunks_exact_mut(4).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// The sample of [`SAMPLE_LEN`] bytes; what is missing of them is read as zero.
    fn from_chunk(bytes: &[u8]) -> Self {
        let mut numbers = bytes
            .chunks_exact(4)
            .map(|four| u32::from_le_bytes([four[0], four[1], four[2], four[3]]));
        let mut next = || numbers.next().unwrap_or(0);
        Self {
            at_secs: next(),
            setup_us: next(),
            rtt_us: next(),
            jitter_us: next(),
            packets_sent: next(),
            packets_lost: next(),
            words_spoken: next(),
            words_wrong: next(),
            latency_us: next(),
        }
    }
}

/// Samples one after the other, as bytes.
pub fn to_bytes(samples: &[Sample]) -> Vec<u8> {
    samples.iter().flat_map(Sample::to_bytes).collect()
}

/// The samples that these bytes are; `None` where they end within one.
pub fn from_bytes(bytes: &[u8]) -> Option<impl ExactSizeIterator<Item = Sample>> {
    let samples = bytes.chunks_exact(SAMPLE_LEN);
    samples.remainder().is_empty().then(|| samples.map(Sample::from_chunk))
}

/// Root over samples, in the order given.
pub fn root(samples: &[Sample]) -> Hash {
    merkle::root_of(samples.iter().map(|sample| merkle::leaf(&sample.to_bytes())))
}

/// The same, of samples as bytes; `None` where they end within one.
pub fn root_of_bytes(bytes: &[u8]) -> Option<Hash> {
    let samples = bytes.chunks_exact(SAMPLE_LEN);
    samples.remainder().is_empty().then(|| merkle::root_of(samples.map(merkle::leaf)))
}

/// Why samples give no figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// There are none.
    Empty,
    /// There are more than [`SAMPLES_MAX`].
    TooMany,
    /// One was taken when the epoch was over.
    AfterTheEpoch,
    /// One was not taken after the one before it.
    OutOfOrder,
    /// More packets did not come back than were sent.
    MoreLostThanSent,
}

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Empty => "there are no samples",
            Self::TooMany => "there are more samples than a leaf may have",
            Self::AfterTheEpoch => "a sample is of after the epoch",
            Self::OutOfOrder => "a sample is not of after the one before it",
            Self::MoreLostThanSent => "more packets are lost than were sent",
        })
    }
}

impl core::error::Error for Malformed {}

/// The figures of one observer's samples of one node in an epoch of `epoch_secs`, in the order in
/// which they were taken.
///
/// - availability: good samples over all;
/// - set-up, round trip, jitter: the 95th percentile over the good samples that measured it, by
///   nearest rank: the smallest value that at least 95 % of them do not exceed;
/// - loss, word error rate: sums over the good samples, packets lost over packets sent and words
///   wrong over words spoken.
///
/// Parts per million are rounded down. What no good sample measured is [`NOT_MEASURED`]; a word
/// error rate beyond what fits is the largest that does.
pub fn figures(
    samples: impl IntoIterator<Item = Sample>,
    epoch_secs: u32,
) -> Result<Figures, Malformed> {
    let samples = samples.into_iter();
    let expected = samples.size_hint().0.min(SAMPLES_MAX);
    let mut measured: [Vec<u32>; 3] = core::array::from_fn(|_| Vec::with_capacity(expected));
    let (mut count, mut good) = (0_usize, 0_u64);
    // Sums of at most SAMPLES_MAX numbers of 32 bits.
    let (mut sent, mut lost, mut spoken, mut wrong) = (0_u64, 0_u64, 0_u64, 0_u64);
    let mut not_before = 0;
    for sample in samples {
        count += 1;
        if count > SAMPLES_MAX {
            return Err(Malformed::TooMany);
        }
        if sample.at_secs >= epoch_secs {
            return Err(Malformed::AfterTheEpoch);
        }
        if sample.at_secs < not_before {
            return Err(Malformed::OutOfOrder);
        }
        // It is below `epoch_secs`, so there is a number above it.
        not_before = sample.at_secs + 1;
        if sample.packets_lost > sample.packets_sent {
            return Err(Malformed::MoreLostThanSent);
        }
        if !sample.is_good() {
            continue;
        }
        good += 1;
        sent += u64::from(sample.packets_sent);
        lost += u64::from(sample.packets_lost);
        spoken += u64::from(sample.words_spoken);
        wrong += u64::from(sample.words_wrong);
        let values = [sample.setup_us, sample.rtt_us, sample.jitter_us];
        for (all, value) in measured.iter_mut().zip(values) {
            if value != NOT_MEASURED {
                all.push(value);
            }
        }
    }
    if count == 0 {
        return Err(Malformed::Empty);
    }
    let [setup_p95_us, rtt_p95_us, jitter_p95_us] = measured.map(percentile);
    Ok(Figures {
        // At most SAMPLES_MAX.
        samples: count as u32,
        availability_ppm: parts_per_million(good, count as u64),
        rtt_p95_us,
        jitter_p95_us,
        loss_ppm: parts_per_million(lost, sent),
        setup_p95_us,
        wer_ppm: parts_per_million(wrong, spoken),
    })
}

/// The 95th percentile by nearest rank.
fn percentile(mut values: Vec<u32>) -> u32 {
    values.sort_unstable();
    let rank = (values.len() * PERCENTILE).div_ceil(100);
    rank.checked_sub(1).and_then(|place| values.get(place)).copied().unwrap_or(NOT_MEASURED)
}

fn parts_per_million(part: u64, whole: u64) -> u32 {
    match (part * u64::from(PPM)).checked_div(whole) {
        // Below NOT_MEASURED, so it fits.
        Some(ppm) => ppm.min(u64::from(NOT_MEASURED - 1)) as u32,
        None => NOT_MEASURED,
    }
}
