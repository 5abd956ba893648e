//! What turns a segment of speech into text, seen from outside.
//!
//! An engine is deterministic: the same samples and the same request give the same transcript,
//! whatever it decoded before and however many threads it has. It judges nothing; the gates do.

use heliograph_protocol::hash::Hash;

pub mod repetition;
pub mod text;
pub mod whisper;

pub use whisper::Whisper;

/// What an engine is, for the greeting and for records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineInfo {
    /// Engine, such as `whisper.cpp`.
    pub engine: &'static str,
    /// Version of the engine's library.
    pub engine_version: String,
    /// File name of the model.
    pub model_name: String,
    /// SHA-256 of the model file.
    pub model_sha256: Hash,
    /// Languages served, ISO 639-1, sorted.
    pub languages: Vec<&'static str>,
}

/// How much of the encoder's context a segment gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Window {
    /// Fitted to the segment: several times faster on short ones, at the risk of a loop.
    Fitted,
    /// This many encoder positions, 50 to the second, for measurements.
    Exactly(usize),
    /// All of it, as the model was trained.
    Full,
}

/// A decoded segment, before any gate.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcript {
    /// The text, trimmed; may be empty.
    pub text: String,
    /// Language it was decoded in, ISO 639-1.
    pub language: &'static str,
    /// Probability that nobody speaks, 0 to 1.
    pub no_speech_probability: f32,
    /// Mean natural logarithm of the tokens' probabilities, end of text included.
    pub average_log_probability: f32,
    /// Tokens of the text.
    pub tokens: usize,
    /// Whether decoding was stopped because it went in circles.
    pub looped: bool,
    /// Whether all of the encoder's context was used, so that [`Window::Full`] changes nothing.
    pub full_window: bool,
    /// Everything that decided the decoding, as `key=value` sorted by key, separated by `;`.
    pub parameters: String,
}

/// Why an engine did not decode.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The library failed; another attempt may work.
    #[error("{step} failed: {reason}")]
    Library {
        /// What was being done.
        step: &'static str,
        /// What the library said.
        reason: String,
    },
    /// A worker without engines.
    #[error("no engine is loaded")]
    NoEngine,
    /// A language that [`EngineInfo::languages`] does not list.
    #[error("language '{asked}' is not served by this model; served: {}", served.join(", "))]
    Language {
        /// What was asked for.
        asked: String,
        /// What there is.
        served: Vec<&'static str>,
    },
    /// More audio than one pass of the model takes.
    #[error("a segment of {samples} samples exceeds the model's window of {samples_max}")]
    TooLong {
        /// Samples given.
        samples: usize,
        /// Samples that fit.
        samples_max: usize,
    },
}

impl EngineError {
    /// Whether the same audio may succeed later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Library { .. })
    }
}

/// A speech-to-text engine with its model loaded.
pub trait Engine: Send {
    /// What it is.
    fn info(&self) -> &EngineInfo;

    /// Decodes one segment of 16 kHz mono samples in −1..1. `language` is one of the served ones,
    /// or `None` to have it detected from this segment.
    ///
    /// # Errors
    /// See [`EngineError`].
    fn transcribe(
        &mut self,
        pcm: &[f32],
        language: Option<&str>,
        window: Window,
    ) -> Result<Transcript, EngineError>;
}

impl EngineInfo {
    /// The served language that a request means, if any: case does not matter and a longer tag
    /// counts by its first part (`pt-BR` is `pt`).
    ///
    /// # Errors
    /// [`EngineError::Language`] if it is not served.
    pub fn language(&self, asked: &str) -> Result<&'static str, EngineError> {
        let primary = asked.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
        self.languages.iter().copied().find(|served| *served == primary).ok_or_else(|| {
            EngineError::Language { asked: asked.to_owned(), served: self.languages.clone() }
        })
    }
}
