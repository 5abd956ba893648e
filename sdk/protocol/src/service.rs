//! What a node sells, and the set of it.

use borsh::{BorshDeserialize, BorshSerialize};

/// A billable kind of service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Service {
    /// Audio forwarded, per participant-minute.
    Audio = 0,
    /// Video forwarded, per participant-minute.
    Video = 1,
    /// Data messages forwarded, per participant-minute.
    Data = 2,
    /// Speech transcribed, per minute of audio.
    Transcription = 3,
}

/// Number of kinds; kind `k` is bit `1 << k` of a [`ServiceSet`].
pub const SERVICE_COUNT: usize = 4;

impl Service {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; SERVICE_COUNT] =
        [Self::Audio, Self::Video, Self::Data, Self::Transcription];

    /// The kind's word in commands, logs and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Data => "data",
            Self::Transcription => "transcription",
        }
    }
}

/// A set of services as a bit mask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct ServiceSet(pub u8);

impl ServiceSet {
    /// Every known kind.
    pub const ALL: Self = Self((1 << SERVICE_COUNT) - 1);

    /// The set of one kind.
    pub const fn of(service: Service) -> Self {
        Self(1 << service as u8)
    }

    /// Whether the set names no kind, or a kind that does not exist.
    pub const fn is_invalid(self) -> bool {
        self.0 == 0 || self.0 & !Self::ALL.0 != 0
    }

    /// Whether `service` is in the set.
    pub const fn has(self, service: Service) -> bool {
        self.0 & (1 << service as u8) != 0
    }

    /// Whether every kind of `other` is in the set.
    pub const fn contains(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// The kinds of either set.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
