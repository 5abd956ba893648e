//! Price of a minute.

use crate::SECS_PER_MINUTE;
use crate::service::{SERVICE_COUNT, Service, ServiceSet};
use borsh::{BorshDeserialize, BorshSerialize};

/// Micro-USDC a minute for each kind, indexed by [`Service`] number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Prices(pub [u64; SERVICE_COUNT]);

/// Default price of a participant-minute of audio, video or data.
pub const DEFAULT_WEBRTC_MICRO_USDC: u64 = 1_000;
/// Default price of a minute of transcribed audio.
pub const DEFAULT_TRANSCRIPTION_MICRO_USDC: u64 = 5_000;

impl Prices {
    /// The network's default price list.
    pub const DEFAULT: Self = Self([
        DEFAULT_WEBRTC_MICRO_USDC,
        DEFAULT_WEBRTC_MICRO_USDC,
        DEFAULT_WEBRTC_MICRO_USDC,
        DEFAULT_TRANSCRIPTION_MICRO_USDC,
    ]);

    /// The price of one kind.
    pub const fn of(&self, service: Service) -> u64 {
        self.0[service as usize]
    }

    /// Whether no kind of `services` costs more than `ceiling` allows.
    pub fn within(&self, ceiling: &Self, services: ServiceSet) -> bool {
        Service::ALL.iter().all(|&s| !services.has(s) || self.of(s) <= ceiling.of(s))
    }

    /// What `usage` costs: for each kind `⌊seconds · price / 60⌋`, added up.
    ///
    /// `None` when the sum does not fit 64 bits.
    pub fn amount_micro_usdc(&self, usage: &Usage) -> Option<u64> {
        Service::ALL.iter().try_fold(0u64, |sum, &service| {
            let product = u128::from(usage.secs(service)) * u128::from(self.of(service));
            let amount = u64::try_from(product / u128::from(SECS_PER_MINUTE)).ok()?;
            sum.checked_add(amount)
        })
    }
}

/// What a node served in one minute of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Usage {
    /// Participant-seconds of audio, video and data, then seconds of audio transcribed, indexed by
    /// [`Service`] number. A second that has started counts as a whole one.
    pub secs: [u32; SERVICE_COUNT],
    /// Media bytes received from the app and its participants.
    pub bytes_in: u64,
    /// Media bytes sent to them.
    pub bytes_out: u64,
}

impl Usage {
    /// Seconds of one kind.
    pub const fn secs(&self, service: Service) -> u32 {
        self.secs[service as usize]
    }
}

/// Samples a second of the audio that is transcribed: what transcription is counted in.
pub const TRANSCRIPTION_RATE_HZ: u32 = 16_000;

/// Billable seconds of `samples` of audio: a started second counts as a whole one. Panics if
/// `sample_rate_hz` is 0.
pub const fn started_secs(samples: u64, sample_rate_hz: u32) -> u64 {
    samples.div_ceil(sample_rate_hz as u64)
}
