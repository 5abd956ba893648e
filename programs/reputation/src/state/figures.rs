use anchor_lang::prelude::*;
use heliograph_protocol::observation as rules;

/// What the probes of one epoch add up to: the protocol's figures, in its order.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, AnchorSerialize, AnchorDeserialize, InitSpace,
)]
pub struct Figures {
    /// Probes made.
    pub samples: u32,
    /// Good probes, in parts per million of those made.
    pub availability_ppm: u32,
    /// `u32::MAX` here and below: not measured.
    pub rtt_p95_us: u32,
    pub jitter_p95_us: u32,
    pub loss_ppm: u32,
    pub setup_p95_us: u32,
    pub wer_ppm: u32,
}

impl From<rules::Figures> for Figures {
    fn from(figures: rules::Figures) -> Self {
        Self {
            samples: figures.samples,
            availability_ppm: figures.availability_ppm,
            rtt_p95_us: figures.rtt_p95_us,
            jitter_p95_us: figures.jitter_p95_us,
            loss_ppm: figures.loss_ppm,
            setup_p95_us: figures.setup_p95_us,
            wer_ppm: figures.wer_ppm,
        }
    }
}

impl From<Figures> for rules::Figures {
    fn from(figures: Figures) -> Self {
        Self {
            samples: figures.samples,
            availability_ppm: figures.availability_ppm,
            rtt_p95_us: figures.rtt_p95_us,
            jitter_p95_us: figures.jitter_p95_us,
            loss_ppm: figures.loss_ppm,
            setup_p95_us: figures.setup_p95_us,
            wer_ppm: figures.wer_ppm,
        }
    }
}
