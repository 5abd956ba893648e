//! The messages, and what each side may rely on.
//!
//! **Order.** The worker speaks first ([`FromWorker::Ready`]). Each stream then lives from
//! [`ToWorker::Open`] to one of `Finished`, `Failed` or `Close`; audio that is still on its way to a
//! stream that has ended is ignored. A stream id is used once per connection.
//!
//! **Positions** are samples at 16 kHz since the start of the session, so that a stream taken over
//! by another worker goes on counting where the first one stopped.
//!
//! **Done.** A stream's done position is the largest `done_sample` or `end_sample` received: all
//! audio before it has been answered for. After a crash, a new stream opened at that position
//! misses nothing and repeats nothing.
//!
//! **Back-pressure.** A worker keeps at most `window_samples` of a stream that are not done. Past
//! that it stops reading the socket, which holds back every stream on it. A node that feeds a file
//! therefore waits for `Progress` before it exceeds the window, and always reads while it writes:
//! a worker whose answers are not read stops reading too.

use borsh::{BorshDeserialize, BorshSerialize};
use heliograph_protocol::hash::Hash;
use heliograph_protocol::record::Record;
use std::fmt;

/// Samples per second of all audio on this wire (mono, signed 16 bit).
pub const SAMPLE_RATE_HZ: u32 = 16_000;

/// Most samples in one [`ToWorker::Audio`]: 8 s. Large enough that a file is not fed in crumbs,
/// small enough that one message never delays another stream's live audio noticeably.
pub const MAX_AUDIO_SAMPLES: usize = 8 * SAMPLE_RATE_HZ as usize;

/// From the node to a worker.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub enum ToWorker {
    /// Starts a stream. Answered by `Opened` or `Failed`.
    Open {
        /// Chosen by the node, used once per connection.
        stream: u64,
        /// Position in the session of the first sample that will be sent.
        start_sample: u64,
        /// What is asked of it.
        config: StreamConfig,
    },
    /// The next samples of a stream, in order and without gaps: at most [`MAX_AUDIO_SAMPLES`].
    Audio {
        /// The stream.
        stream: u64,
        /// 16 kHz, mono.
        pcm: Vec<i16>,
    },
    /// No more audio will come: decide what is buffered, then answer `Finished`.
    Finish {
        /// The stream.
        stream: u64,
    },
    /// Abandon the stream and its buffer. No answer, though answers already on their way arrive.
    Close {
        /// The stream.
        stream: u64,
    },
}

/// What a stream asks for. What a worker does not have, it refuses; nothing is replaced silently.
#[derive(Clone, Debug, Default, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct StreamConfig {
    /// ISO 639-1, a longer tag such as `pt-BR` counts by its first part. `None` leaves it to the
    /// worker's configuration, which may detect the language of every segment.
    pub language: Option<String>,
    /// SHA-256 of one of [`FromWorker::Ready`]'s models. `None` leaves the choice to the worker's
    /// router.
    pub model_sha256: Option<Hash>,
    /// Whether texts that may still change are wanted ([`FromWorker::Interim`]), and when speech
    /// begins and ends ([`FromWorker::Speech`]).
    pub is_live: bool,
    /// Whether noise is taken off before anything listens. `None` leaves it to the worker's
    /// configuration.
    pub suppresses_noise: Option<bool>,
}

/// One model of a worker, with the engine that runs it.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Model {
    /// Engine, such as `whisper.cpp`.
    pub engine: String,
    /// Version of the engine's library.
    pub engine_version: String,
    /// File or folder name of the model, for people.
    pub name: String,
    /// SHA-256 of the model file, or of the list of its files: what the model is, for everyone
    /// else.
    pub sha256: Hash,
    /// Languages it serves, ISO 639-1, sorted.
    pub languages: Vec<String>,
}

/// From a worker to the node.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
#[allow(
    clippy::large_enum_variant,
    reason = "a few messages a second, written out at once: boxing would cost every reader a deref"
)]
pub enum FromWorker {
    /// First message of a connection: the worker has loaded its models and serves.
    Ready {
        /// [`crate::VERSION`] of the worker.
        version: u16,
        /// Never empty; the first is the one that serves what nothing else is better for.
        models: Vec<Model>,
        /// Streams that may be open at once; one more is refused with a retryable `Failed`.
        streams_max: u32,
        /// Samples of a stream that may be undone before the worker stops reading.
        window_samples: u64,
    },
    /// The stream exists and takes audio.
    Opened {
        /// The stream.
        stream: u64,
    },
    /// What the speech under way seems to be, so far. Replaced by the stream's next `Interim`,
    /// `Final` or `Dropped`; nothing is charged for it, recorded of it, or done by it.
    Interim {
        /// The stream.
        stream: u64,
        /// First sample of the speech.
        start_sample: u64,
        /// Sample after the last one that was listened to.
        end_sample: u64,
        /// What was said, trimmed, never empty.
        text: String,
        /// Geometric mean of the tokens' probabilities, in parts per million.
        confidence_ppm: u32,
        /// Language decoded, ISO 639-1.
        language: String,
    },
    /// Somebody begins to speak, or has stopped. Alternates, beginning with `true`.
    Speech {
        /// The stream.
        stream: u64,
        /// Where in the session.
        at_sample: u64,
        /// Whether it begins.
        is_speaking: bool,
    },
    /// A segment's text, which will not change. Segments of a stream never overlap and only move
    /// forward; everything before `segment.end_sample` is done.
    Final {
        /// The stream.
        stream: u64,
        /// What was said, and the record of how it was decided.
        segment: Segment,
    },
    /// Audio that sounded like speech at first but whose text a gate withheld. Everything before
    /// `end_sample` is done.
    Dropped {
        /// The stream.
        stream: u64,
        /// First sample of the span.
        start_sample: u64,
        /// Sample after the last one.
        end_sample: u64,
        /// Who withheld it.
        gate: Gate,
    },
    /// All audio before `done_sample` is transcribed, dropped or judged silence. Never moves back.
    /// Sent at least every 2 s of audio, even when long speech keeps it from moving.
    Progress {
        /// The stream.
        stream: u64,
        /// Position in the session.
        done_sample: u64,
    },
    /// Answer to `Finish`: nothing more will come of this stream.
    Finished {
        /// The stream.
        stream: u64,
        /// Position in the session: the sample after the last one received.
        done_sample: u64,
    },
    /// The stream was refused or has ended; its buffered audio is gone.
    Failed {
        /// The stream.
        stream: u64,
        /// For people.
        reason: String,
        /// True if the same request may succeed later or on another worker of the same kind.
        retryable: bool,
    },
}

/// A transcribed stretch of a stream.
#[derive(Clone, Debug, PartialEq, Eq, BorshSerialize, BorshDeserialize)]
pub struct Segment {
    /// What was said, trimmed, never empty.
    pub text: String,
    /// First sample of the segment.
    pub start_sample: u64,
    /// Sample after the last one.
    pub end_sample: u64,
    /// Geometric mean of the tokens' probabilities, in parts per million.
    pub confidence_ppm: u32,
    /// Language decoded, ISO 639-1.
    pub language: String,
    /// From receiving the segment's last sample to the final text. Includes the silence that had
    /// to pass before the segment counted as ended.
    pub latency_ms: u32,
    /// What decided it and what it was decided from.
    pub record: Record,
}

/// The checks between audio and text, in the order they run. All but the first judge a segment
/// that the engine has decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, BorshSerialize, BorshDeserialize)]
pub enum Gate {
    /// Too short a burst to be speech; the engine never saw it.
    VoiceActivity,
    /// The engine says that nobody speaks.
    NoSpeech,
    /// The engine does not believe its own text.
    LowProbability,
    /// The text loops.
    Repetition,
    /// A phrase known to be made up from noise, said without conviction, or no words at all.
    KnownPhrase,
}

impl Gate {
    /// Every gate, in the order they run.
    pub const ALL: [Self; 5] = [
        Self::VoiceActivity,
        Self::NoSpeech,
        Self::LowProbability,
        Self::Repetition,
        Self::KnownPhrase,
    ];

    /// The name used in logs, metrics and records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::VoiceActivity => "voice_activity",
            Self::NoSpeech => "no_speech",
            Self::LowProbability => "low_probability",
            Self::Repetition => "repetition",
            Self::KnownPhrase => "known_phrase",
        }
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
