//! The part of the document about samples and the figures they give.

use super::document::Hex;
use super::quality::FiguresFields;
use heliograph_protocol::observation::NOT_MEASURED;
use heliograph_protocol::sample::{self, Sample};
use serde::Serialize;

#[derive(Serialize)]
pub struct SamplesVector {
    pub name: &'static str,
    pub epoch_secs: u32,
    pub samples: Vec<SampleFields>,
    pub bytes: Hex,
    pub root: Hex,
    pub figures: Option<FiguresFields>,
    pub error: Option<String>,
}

/// In the order of the bytes; `null` where not measured.
#[derive(Serialize)]
pub struct SampleFields {
    pub at_secs: u32,
    pub setup_us: Option<u32>,
    pub rtt_us: Option<u32>,
    pub jitter_us: Option<u32>,
    pub packets_sent: u32,
    pub packets_lost: u32,
    pub words_spoken: u32,
    pub words_wrong: u32,
    pub latency_us: Option<u32>,
}

impl From<&Sample> for SampleFields {
    fn from(sample: &Sample) -> Self {
        let measured = |figure| (figure != NOT_MEASURED).then_some(figure);
        Self {
            at_secs: sample.at_secs,
            setup_us: measured(sample.setup_us),
            rtt_us: measured(sample.rtt_us),
            jitter_us: measured(sample.jitter_us),
            packets_sent: sample.packets_sent,
            packets_lost: sample.packets_lost,
            words_spoken: sample.words_spoken,
            words_wrong: sample.words_wrong,
            latency_us: measured(sample.latency_us),
        }
    }
}

/// Probe number `n` of a node of both kinds, some way off.
fn probe(n: u32) -> Sample {
    Sample {
        at_secs: n * 60 + 7,
        setup_us: 310_000 + n * n * 977 % 90_000,
        rtt_us: 42_000 + n * 6_007 % 9_000,
        jitter_us: 3_100 + n * 389 % 2_000,
        packets_sent: 500,
        packets_lost: n % 3,
        words_spoken: 23,
        words_wrong: n % 4,
        latency_us: 900_000 + n,
    }
}

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

fn media(sample: Sample) -> Sample {
    Sample { words_spoken: 0, words_wrong: 0, latency_us: NOT_MEASURED, ..sample }
}

fn text(sample: Sample) -> Sample {
    let (packets_sent, packets_lost) = (0, 0);
    Sample { packets_sent, packets_lost, rtt_us: NOT_MEASURED, jitter_us: NOT_MEASURED, ..sample }
}

pub fn samples() -> Vec<SamplesVector> {
    let at = |at_secs, sample: Sample| Sample { at_secs, ..sample };
    let mut flaky: Vec<Sample> = (0..9).map(probe).collect();
    flaky[1] = at(flaky[1].at_secs, AWAY);
    flaky[3].packets_lost = flaky[3].packets_sent;
    flaky[4].latency_us = NOT_MEASURED;
    flaky[5] = media(flaky[5]);
    flaky[6] = text(flaky[6]);
    let inserted = Sample { words_spoken: 1, words_wrong: u32::MAX, ..probe(0) };
    let over = Sample { packets_lost: 501, ..probe(0) };
    [
        ("ten minutes", 600, (0..10).map(probe).collect()),
        ("some bad ones", 3_600, flaky),
        ("one probe", 60, vec![probe(0)]),
        ("19 and a worse one", 3_600, {
            let mut all: Vec<Sample> = (0..20).map(probe).collect();
            all[19].rtt_us = 900_000;
            all
        }),
        ("18 and two worse", 3_600, {
            let mut all: Vec<Sample> = (0..20).map(probe).collect();
            (all[3].rtt_us, all[18].rtt_us) = (900_000, 800_000);
            all
        }),
        ("never there", 3_600, vec![AWAY, at(60, AWAY), at(120, AWAY)]),
        ("text alone", 3_600, (0..3).map(|n| text(probe(n))).collect()),
        ("more words than were spoken", 3_600, vec![inserted]),
        ("none", 3_600, Vec::new()),
        ("the epoch's last second", 68, vec![probe(0), probe(1)]),
        ("after the epoch", 67, vec![probe(0), probe(1)]),
        ("twice at one time", 3_600, vec![probe(0), probe(1), at(67, probe(2))]),
        ("back in time", 3_600, vec![probe(1), probe(0)]),
        ("more lost than sent", 3_600, vec![over]),
    ]
    .map(|(name, epoch_secs, samples)| {
        let found = sample::figures(samples.iter().copied(), epoch_secs);
        SamplesVector {
            name,
            epoch_secs,
            bytes: Hex(sample::to_bytes(&samples)),
            root: sample::root(&samples).into(),
            samples: samples.iter().map(SampleFields::from).collect(),
            figures: found.as_ref().ok().map(FiguresFields::from),
            error: found.err().map(|why| format!("{why:?}")),
        }
    })
    .into()
}
