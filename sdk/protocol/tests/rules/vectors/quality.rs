//! The parts of the document about observations and scores.

use super::document::{Hex, U64};
use heliograph_protocol::hash::sha256;
use heliograph_protocol::observation::{self, Figures, Leaf, NOT_MEASURED, PPM};
use heliograph_protocol::reputation::{deviates, has_quorum, medians, score_ppm, smoothed_ppm};
use serde::Serialize;

#[derive(Serialize)]
pub struct ObservationVector {
    pub name: &'static str,
    pub fields: LeafFields,
    pub borsh: Hex,
    pub leaf: Hex,
}

#[derive(Serialize)]
pub struct LeafFields {
    pub observer: Hex,
    pub epoch: U64,
    pub node: Hex,
    pub figures: FiguresFields,
    pub samples_root: Hex,
}

/// In the order of the bytes; `null` where not measured.
#[derive(Serialize)]
pub struct FiguresFields {
    pub samples: u32,
    pub availability_ppm: u32,
    pub rtt_p95_us: Option<u32>,
    pub jitter_p95_us: Option<u32>,
    pub loss_ppm: Option<u32>,
    pub setup_p95_us: Option<u32>,
    pub wer_ppm: Option<u32>,
}

impl From<&Figures> for FiguresFields {
    fn from(figures: &Figures) -> Self {
        let measured = |figure| (figure != NOT_MEASURED).then_some(figure);
        Self {
            samples: figures.samples,
            availability_ppm: figures.availability_ppm,
            rtt_p95_us: measured(figures.rtt_p95_us),
            jitter_p95_us: measured(figures.jitter_p95_us),
            loss_ppm: measured(figures.loss_ppm),
            setup_p95_us: measured(figures.setup_p95_us),
            wer_ppm: measured(figures.wer_ppm),
        }
    }
}

#[derive(Serialize)]
pub struct ObservationsRootVector {
    pub leaves: Vec<&'static str>,
    pub root: Hex,
}

#[derive(Serialize)]
pub struct ScoreVector {
    pub reported: Vec<FiguresFields>,
    pub medians: FiguresFields,
    pub score_ppm: u32,
    /// Of each of those reported, whether it lies far from the medians.
    pub deviates: Vec<bool>,
}

#[derive(Serialize)]
pub struct SmoothingVector {
    pub scores_ppm: Vec<u32>,
    pub smoothed_ppm: u32,
}

#[derive(Serialize)]
pub struct QuorumVector {
    pub heard: usize,
    pub posted: usize,
    pub quorum: u8,
    pub enough: bool,
}

const GOOD: Figures = Figures {
    samples: 60,
    availability_ppm: PPM,
    rtt_p95_us: 42_000,
    jitter_p95_us: 3_100,
    loss_ppm: 800,
    setup_p95_us: 310_000,
    wer_ppm: 41_000,
};

fn unmeasured(availability_ppm: u32) -> Figures {
    Figures {
        samples: 1,
        availability_ppm,
        rtt_p95_us: NOT_MEASURED,
        jitter_p95_us: NOT_MEASURED,
        loss_ppm: NOT_MEASURED,
        setup_p95_us: NOT_MEASURED,
        wer_ppm: NOT_MEASURED,
    }
}

const LARGEST: Figures = Figures {
    samples: u32::MAX,
    availability_ppm: PPM,
    rtt_p95_us: NOT_MEASURED - 1,
    jitter_p95_us: NOT_MEASURED - 1,
    loss_ppm: PPM,
    setup_p95_us: NOT_MEASURED - 1,
    wer_ppm: NOT_MEASURED - 1,
};

pub fn leaves() -> (Vec<ObservationVector>, Vec<ObservationsRootVector>) {
    let named = |field: &str| sha256(&[b"heliograph test vector: ", field.as_bytes()]);
    let leaf = |observer: &str, node: &str, figures| Leaf {
        observer: named(observer),
        epoch: 1_780_002_000,
        node: named(node),
        figures,
        samples_root: named("samples"),
    };
    let all = [
        ("good node", leaf("observer", "node", GOOD)),
        ("node away", leaf("observer", "other node", unmeasured(0))),
        ("largest", Leaf { epoch: u64::MAX, ..leaf("observer", "node", LARGEST) }),
        ("seen by another", leaf("other observer", "node", GOOD)),
    ];
    let vectors = all
        .iter()
        .map(|(name, leaf)| ObservationVector {
            name,
            fields: LeafFields {
                observer: leaf.observer.into(),
                epoch: U64(leaf.epoch),
                node: leaf.node.into(),
                figures: (&leaf.figures).into(),
                samples_root: leaf.samples_root.into(),
            },
            borsh: Hex(borsh::to_vec(leaf).unwrap()),
            leaf: leaf.hash().into(),
        })
        .collect();
    let roots = [0, 1, 2, 4]
        .map(|count| ObservationsRootVector {
            leaves: all[..count].iter().map(|(name, _)| *name).collect(),
            root: observation::root(&all.map(|(_, leaf)| leaf)[..count]).into(),
        })
        .into();
    (vectors, roots)
}

pub fn scores() -> Vec<ScoreVector> {
    let far = Figures { rtt_p95_us: 240_000, jitter_p95_us: 9_000, ..GOOD };
    let lying = Figures { availability_ppm: 0, ..LARGEST };
    let poor = Figures {
        samples: 58,
        availability_ppm: 987_654,
        rtt_p95_us: 301_234,
        jitter_p95_us: 45_678,
        loss_ppm: 23_456,
        setup_p95_us: 4_321_000,
        wer_ppm: 123_456,
    };
    [
        vec![GOOD],
        vec![unmeasured(PPM)],
        vec![unmeasured(0)],
        vec![unmeasured(950_001)],
        vec![poor],
        vec![LARGEST],
        vec![GOOD, far, poor],
        vec![GOOD, far, poor, lying],
        vec![GOOD, lying, far, lying, GOOD],
        vec![unmeasured(PPM), GOOD],
        vec![unmeasured(PPM), GOOD, unmeasured(999_500)],
        vec![Figures { wer_ppm: 500_000, ..GOOD }],
        vec![Figures { wer_ppm: 300_001, setup_p95_us: 7_654_321, ..GOOD }],
        vec![Figures { rtt_p95_us: 177_300, jitter_p95_us: 0, ..GOOD }],
        vec![Figures { rtt_p95_us: 177_301, jitter_p95_us: 0, ..GOOD }],
    ]
    .map(|reported| {
        let middle = medians(&reported).unwrap();
        ScoreVector {
            deviates: reported.iter().map(|figures| deviates(figures, &middle)).collect(),
            reported: reported.iter().map(FiguresFields::from).collect(),
            medians: (&middle).into(),
            score_ppm: score_ppm(&middle),
        }
    })
    .into()
}

pub fn smoothing() -> Vec<SmoothingVector> {
    let mut falling: Vec<u32> = (0..64).map(|n| PPM - n * 12_345).collect();
    falling.push(PPM);
    [vec![777_777], vec![PPM, 0], vec![0, PPM], vec![999_993, PPM], vec![1, 2, 3, 5], falling]
        .map(|scores_ppm| SmoothingVector {
            smoothed_ppm: smoothed_ppm(scores_ppm.iter().copied()).unwrap(),
            scores_ppm,
        })
        .into()
}

pub fn quorums() -> Vec<QuorumVector> {
    [(0, 0, 0), (1, 1, 1), (2, 2, 3), (3, 4, 3), (3, 5, 3), (10, 16, 3), (11, 16, 3), (11, 16, 12)]
        .map(|(heard, posted, quorum)| QuorumVector {
            heard,
            posted,
            quorum,
            enough: has_quorum(heard, posted, quorum),
        })
        .into()
}
